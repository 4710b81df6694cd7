/** A number as people write it: `digits` divided by ten to the power of `scale`. */
interface Decimal {
  readonly digits: bigint
  readonly scale: number
}

const SCALE = 1e6
const LARGEST_SCALED = 1e15

/**
 * Compares how far a number moves with an amount: negative, zero or positive, like a sort function.
 *
 * The numbers are taken as the shortest decimals that mean them, so 0.1 → 0.3 moves by exactly 0.2.
 */
export function compareDistance(before: number, after: number, amount: number): number {
  const a = scaled(before)
  const b = scaled(after)
  const c = scaled(amount)
  if (a !== undefined && b !== undefined && c !== undefined) return Math.abs(b - a) - c
  return sign(absolute(minus(decimal(after), decimal(before))), decimal(amount))
}

/** Compares how far a number moves, in percent of where it was, with an amount; `undefined` if it was zero. */
export function comparePercentage(before: number, after: number, amount: number): number | undefined {
  if (before === 0) return undefined
  const from = decimal(before)
  const moved = absolute(minus(decimal(after), from))
  return sign(times(moved, { digits: 100n, scale: 0 }), times(decimal(amount), absolute(from)))
}

/**
 * A number of at most six decimals as a whole number of millionths, which is then exact: at most 15 digits mean one
 * double.
 */
function scaled(value: number): number | undefined {
  const whole = Math.round(value * SCALE)
  return whole / SCALE === value && whole <= LARGEST_SCALED && whole >= -LARGEST_SCALED ? whole : undefined
}

function decimal(value: number): Decimal {
  const [mantissa = '0', exponent = '0'] = String(value).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  const scale = fraction.length - Number(exponent)
  const digits = BigInt(whole + fraction)
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 }
}

function minus(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  return { digits: raised(a, scale) - raised(b, scale), scale }
}

function times(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale }
}

function absolute({ digits, scale }: Decimal): Decimal {
  return { digits: digits < 0n ? -digits : digits, scale }
}

function sign(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale)
  const left = raised(a, scale)
  const right = raised(b, scale)
  return left < right ? -1 : left > right ? 1 : 0
}

function raised({ digits, scale }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(to - scale)
}
