import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Duration } from '../../src/core/policy/model/duration.ts'
import { recurrence } from '../../src/service/values/recurrence.ts'
import {
  endOf,
  farthest,
  nextStart,
  type RecurringWindow,
  spansBetween,
  timeWindow,
} from '../../src/service/values/time-windows.ts'
import { isTimeZone, nearestZone, readingsOf, wallTime } from '../../src/service/values/time-zone.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const at = (text: string) => new Date(text).getTime()
const iso = (time: number) => new Date(time).toISOString().slice(0, 16)

/** The first time of a window after a moment, for people. */
function first(window: RecurringWindow, after: string): readonly string[] {
  const span = timeWindow(window).after(at(after))
  if (!span) return []
  return [iso(span.from), iso(span.until)]
}

const daily = (time: string, duration: Duration, zone: string): RecurringWindow => {
  const [hours, minutes] = time.split(':').map(Number)
  return { rule: `${minutes} ${hours} * * *`, duration, zone }
}

describe('[TI-02] [H9] windows by the clocks of a zone', () => {
  it.each([
    // The clock is put forward over them: both readings are covered.
    [
      'the gap of Berlin',
      daily('02:30', '30m', 'Europe/Berlin'),
      '2026-03-28T12:00Z',
      '2026-03-29T00:30',
      '2026-03-29T01:00',
    ],
    [
      'an end in the gap',
      daily('01:30', '1h', 'Europe/Berlin'),
      '2026-03-28T12:00Z',
      '2026-03-29T00:30',
      '2026-03-29T01:30',
    ],
    [
      'all of the gap',
      daily('02:10', '30m', 'Europe/Berlin'),
      '2026-03-28T12:00Z',
      '2026-03-29T00:10',
      '2026-03-29T01:40',
    ],
    // The clock is put back over them: from the first reading to the second one.
    [
      'the hour twice',
      daily('02:30', '15m', 'Europe/Berlin'),
      '2026-10-24T12:00Z',
      '2026-10-25T00:30',
      '2026-10-25T01:45',
    ],
    [
      '01:30 in New York',
      daily('01:30', '10m', 'America/New_York'),
      '2026-10-31T12:00Z',
      '2026-11-01T05:30',
      '2026-11-01T06:40',
    ],
    [
      'a begin in the hour twice',
      daily('02:30', '2h', 'Europe/Berlin'),
      '2026-10-24T12:00Z',
      '2026-10-25T00:30',
      '2026-10-25T03:30',
    ],
    // Days that begin at 01:00.
    [
      'midnight in Santiago',
      daily('00:00', '1h', 'America/Santiago'),
      '2026-09-05T12:00Z',
      '2026-09-06T03:00',
      '2026-09-06T04:00',
    ],
    [
      'midnight in Tehran',
      daily('00:00', '1h', 'Asia/Tehran'),
      '2021-03-21T12:00Z',
      '2021-03-21T19:30',
      '2021-03-21T20:30',
    ],
    [
      'midnight in Cairo',
      daily('00:00', '2h', 'Africa/Cairo'),
      '2026-04-23T12:00Z',
      '2026-04-23T21:00',
      '2026-04-23T23:00',
    ],
    // Half an hour, in both directions.
    [
      'Lord Howe forward',
      daily('02:15', '5m', 'Australia/Lord_Howe'),
      '2026-10-03T12:00Z',
      '2026-10-03T15:15',
      '2026-10-03T15:50',
    ],
    [
      'Lord Howe back',
      daily('01:45', '5m', 'Australia/Lord_Howe'),
      '2026-04-04T12:00Z',
      '2026-04-04T14:45',
      '2026-04-04T15:20',
    ],
    ['across midnight', daily('23:00', '2h', 'UTC'), '2026-05-01T12:00Z', '2026-05-01T23:00', '2026-05-02T01:00'],
    [
      'across new year',
      { rule: '0 12 20 12 *', duration: '21d', zone: 'Asia/Tokyo' },
      '2026-05-01T12:00Z',
      '2026-12-20T03:00',
      '2027-01-10T03:00',
    ],
    [
      'a weekend over the change',
      { rule: '0 18 * * FRI', duration: '62h', zone: 'Europe/Berlin' },
      '2026-03-27T00:00Z',
      '2026-03-27T17:00',
      '2026-03-30T06:00',
    ],
    [
      'the last of a month',
      { rule: '0 0 L * *', duration: '1d', zone: 'UTC' },
      '2026-02-01T00:00Z',
      '2026-02-28T00:00',
      '2026-03-01T00:00',
    ],
    [
      'the Thursday of a sale',
      { rule: '0 0 * NOV THU#4', duration: '5d', zone: 'UTC' },
      '2026-02-01T00:00Z',
      '2026-11-26T00:00',
      '2026-12-01T00:00',
    ],
    [
      'leap days',
      { rule: '0 0 29 2 *', duration: '1d', zone: 'UTC' },
      '2026-02-01T00:00Z',
      '2028-02-29T00:00',
      '2028-03-01T00:00',
    ],
  ] as const)('%s', (_, window, after, from, until) => {
    expect(first(window, `${after.slice(0, 16)}:00Z`)).toEqual([from, until])
    const { covering } = timeWindow(window)
    const [begins, ends] = [at(`${from}Z`), at(`${until}Z`)]
    expect(covering(begins)).toEqual({ from: begins, until: ends })
    expect(covering(ends - 1)).toEqual({ from: begins, until: ends })
    expect(covering(begins - 1)).toBeUndefined()
    expect(covering(ends)).toBeUndefined()
  })

  it('begin later each time, in every zone, and are found again from inside', () => {
    const zones = [
      'Europe/Berlin',
      'America/Santiago',
      'Africa/Cairo',
      'Australia/Lord_Howe',
      'Asia/Tehran',
      'America/New_York',
      'Africa/Casablanca',
      'UTC',
    ]
    const window = fc.record({
      minute: fc.integer({ min: 0, max: 59 }),
      hour: fc.constantFrom('0', '1', '2', '3', '23', '*', '*/6'),
      days: fc.constantFrom('* * *', '* * SUN', '1 * *', 'L 3,10 *', '25 10 *'),
      duration: fc.constantFrom('5m', '30m', '1h') as fc.Arbitrary<Duration>,
      zone: fc.constantFrom(...zones),
      start: fc.integer({ min: at('2015-01-01T00:00Z'), max: at('2030-01-01T00:00Z') }),
    })
    fc.assert(
      fc.property(window, ({ minute: m, hour: h, days, duration, zone, start }) => {
        const asked = timeWindow({ rule: `${m} ${h} ${days}`, duration, zone })
        let begun = start
        for (let step = 0; step < 8; step++) {
          const span = asked.after(begun)
          expect(span).toBeDefined()
          if (!span) return
          expect(span.from).toBeGreaterThan(begun)
          expect(span.until).toBeGreaterThan(span.from)
          const inside = asked.covering(span.from)
          expect(inside?.until).toBeGreaterThanOrEqual(span.until)
          expect(asked.covering(span.until - 1)?.until).toBeGreaterThanOrEqual(span.until)
          begun = span.from
        }
      }),
      { numRuns: 60 },
    )
  })

  it('cover every moment whose reading on the wall lies in them', () => {
    const moment = fc.record({
      zone: fc.constantFrom('Europe/Berlin', 'America/Santiago', 'Australia/Lord_Howe', 'America/New_York'),
      month: fc.constantFrom(2, 3, 8, 9, 10),
      offset: fc.integer({ min: 0, max: 40 * 24 * 60 }),
      hour: fc.integer({ min: 0, max: 23 }),
    })
    fc.assert(
      fc.property(moment, ({ zone, month, offset, hour: begins }) => {
        const now = Date.UTC(2026, month, 1) + offset * minute
        const wall = new Date(wallTime(zone, now))
        const lies = wall.getUTCHours() === begins && wall.getUTCMinutes() < 30
        const { covering } = timeWindow({ rule: `0 ${begins} * * *`, duration: '30m', zone })
        if (lies) expect(covering(now)).toBeDefined()
        // What is covered besides is the other reading of a time that comes twice, or not at all.
        else if (covering(now)) expect(readingsOf(zone, wallTime(zone, now + day)).first).not.toBe(now)
      }),
      { numRuns: 300 },
    )
  })

  it('are one where they follow each other, and end nowhere if they never do', () => {
    const weekdays = timeWindow({ rule: '0 8 * * *', duration: '10h', zone: 'UTC' })
    const nights = timeWindow({ rule: '0 18 * * *', duration: '10h', zone: 'UTC' })
    const noon = at('2026-05-01T12:00:00Z')
    expect(iso(endOf([weekdays], noon) ?? 0)).toBe('2026-05-01T18:00')
    expect(iso(endOf([weekdays, nights], noon) ?? 0)).toBe('2026-05-02T04:00')
    expect(endOf([weekdays, timeWindow({ rule: '0 18 * * *', duration: '14h', zone: 'UTC' })], noon)).toBeUndefined()
    expect(endOf([], noon)).toBe(noon)
    expect(nextStart([weekdays, nights], noon)).toBe(noon + 6 * hour)
    expect(
      spansBetween([weekdays, nights], { from: noon, until: noon + day }, 10).map(({ from }) => iso(from)),
    ).toEqual(['2026-05-01T08:00', '2026-05-01T18:00', '2026-05-02T08:00'])
    expect(spansBetween([weekdays], { from: noon, until: noon + 100 * day }, 3)).toHaveLength(3)
  })

  it('are looked for within bounds', () => {
    const never = recurrence('0 0 30 2 *')
    expect('next' in never && never.next(0)).toBeUndefined()
    const once = timeWindow({ from: at('2026-05-01T00:00Z'), until: at('2026-05-02T00:00Z') })
    expect(once.after(at('2026-05-01T00:00Z') - farthest - 1)).toBeUndefined()
    expect(once.after(at('2026-05-01T00:00Z'))).toBeUndefined()
    const over: RecurringWindow = { rule: '0 0 * * MON', duration: '1d', zone: 'UTC', until: at('2026-01-01T00:00Z') }
    expect(timeWindow(over).after(at('2026-05-01T00:00Z'))).toBeUndefined()
    expect(timeWindow(over).covering(at('2026-05-04T12:00Z'))).toBeUndefined()
    const later = timeWindow({ ...over, until: undefined, from: at('2029-01-02T00:00Z') })
    expect(iso(later.after(at('2026-05-01T00:00Z'))?.from ?? 0)).toBe('2029-01-08T00:00')
    expect(later.covering(at('2026-05-04T12:00Z'))).toBeUndefined()
    expect(() =>
      timeWindow({ rule: '0 * * * *', duration: '92d', zone: 'UTC' }).covering(at('2026-05-04T12:00Z')),
    ).toThrow('too often')
    const begun = performance.now()
    const weekly = timeWindow({ rule: '0 0 * * MON', duration: '1d', zone: 'Europe/Berlin' })
    for (let year = 0; year < 100; year++) weekly.covering(at('2026-05-01T00:00Z') + year * 365 * day)
    expect(performance.now() - begun).toBeLessThan(1_000)
  })

  it.each([
    '',
    '* * * * *',
    '0 0 * *',
    '0 0 0 * * *',
    '@daily',
    '2026-01-01T00:00:00',
    '? 0 * * *',
    '0 25 * * *',
    '0 0 * * 8',
    '1,2 0 * * *',
  ])('refuse the rule %j', (rule) => {
    expect(recurrence(rule)).toHaveProperty('problem')
  })

  it('know zones by their names alone, and name the nearest one', () => {
    expect(['Europe/Berlin', 'UTC', 'Etc/GMT+5', 'America/Argentina/Buenos_Aires'].every(isTimeZone)).toBe(true)
    expect(['', 'Mars/Base', '+01:00', 'Europe/Berlin '].some(isTimeZone)).toBe(false)
    expect(['Europe/Berln', 'America/NewYork', 'Tokyo'].map(nearestZone)).toEqual([
      'Europe/Berlin',
      'America/New_York',
      'Asia/Tokyo',
    ])
    expect(() => timeWindow({ rule: '0 0 * * *', duration: '1h', zone: 'Mars/Base' })).toThrow('Mars/Base')
  })
})
