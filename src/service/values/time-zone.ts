const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** The formats of zones that were used. What is not a zone is never kept, so that there are no more than zones. */
const formats = new Map<string, Intl.DateTimeFormat>()

/** Tells whether the platform knows a time zone by this name. */
export function isTimeZone(zone: string): boolean {
  return formatOf(zone) !== undefined
}

/** The name of a zone as the platform spells it, which is nearest to a name that it does not know. */
export function nearestZone(name: string): string {
  const wanted = wordsIn(name)
  let best = { zone: 'UTC', shared: 0 }
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    const shared = sharedBetween(wanted, wordsIn(zone))
    if (shared > best.shared) best = { zone, shared }
  }
  return best.zone
}

/**
 * What a clock on the wall shows at a moment, in milliseconds since 1970 as if it were one of UTC.
 *
 * @throws RangeError if the platform does not know the zone.
 */
export function wallTime(zone: string, at: number): number {
  return at + offsetAt(zone, at)
}

/**
 * How far the clocks on the wall are ahead of UTC around a moment: the least and the most, of the day before and the
 * day after.
 */
export function offsetsAround(zone: string, at: number): { readonly least: number; readonly most: number } {
  const offsets = [at - day, at, at + day].map((moment) => offsetAt(zone, moment))
  return { least: Math.min(...offsets), most: Math.max(...offsets) }
}

/**
 * The moments at which a clock on the wall can be said to show a time. In an hour that comes twice these are two. In
 * one that is left out, they are what the clock would show had it been put forward later, or earlier.
 */
export function readingsOf(zone: string, wall: number): { readonly first: number; readonly last: number } {
  const [before, after] = [wall - day, wall + day].map((moment) => wall - offsetAt(zone, moment))
  const readings = [before ?? wall, after ?? wall]
  const shown = readings.filter((moment) => wallTime(zone, moment) === wall)
  const meant = shown.length > 0 ? shown : readings
  return { first: Math.min(...meant), last: Math.max(...meant) }
}

function offsetAt(zone: string, at: number): number {
  const format = formatOf(zone)
  if (!format) throw new RangeError(`the platform knows no time zone ${JSON.stringify(zone)}`)
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const number = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0
  const wall = Date.UTC(
    number('year'),
    number('month') - 1,
    number('day'),
    number('hour'),
    number('minute'),
    number('second'),
  )
  return wall - Math.floor(at / 1_000) * 1_000
}

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  const known = formats.get(zone)
  if (known) return known
  if (!/^[A-Za-z][\w+/-]{0,63}$/.test(zone)) return undefined
  try {
    const format = new Intl.DateTimeFormat('en-US', { ...parts, timeZone: zone })
    if (formats.size < mostFormats) formats.set(zone, format)
    return format
  } catch {
    return undefined
  }
}

/** More than there are zones, and few enough to be kept however they are spelt. */
const mostFormats = 2_000

const parts = {
  calendar: 'iso8601',
  numberingSystem: 'latn',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const

function wordsIn(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z]/g, '')
}

/** How many pairs of letters two names share, less what else the second one holds. */
function sharedBetween(wanted: string, found: string): number {
  const pairs = (text: string) =>
    new Set([...text].map((_, at) => text.slice(at, at + 2)).filter((two) => two.length === 2))
  const [a, b] = [pairs(wanted), pairs(found)]
  return (2 * [...a].filter((pair) => b.has(pair)).length) / (a.size + b.size || 1)
}
