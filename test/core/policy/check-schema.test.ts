import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { checkPolicy, type JsonValue, type PolicyInput } from '../../../src/core.ts'

const asked = { quorum: 1, from: { roles: ['lead'] } } as const

/** What is said of a field of a policy, where the types have these schemas. */
function saidOf(
  field: string,
  schemas: Readonly<Record<string, z.ZodType | JsonValue>>,
  match: PolicyInput['match'] = {},
) {
  const resources = Object.fromEntries(
    Object.entries(schemas).map(([type, schema]) => [
      type,
      { schema: (schema instanceof z.ZodType ? z.toJSONSchema(schema) : schema) as JsonValue },
    ]),
  )
  const policy = { id: 'p', match, when: { type: 'any_change', field }, require: asked } as const
  return checkPolicy(policy, { resources })
    .filter(({ severity, path }) => severity === 'error' && path === '/when/field')
    .map(({ fix }) => fix)
}

const flag = z.object({
  enabled: z.boolean(),
  rollout: z.number(),
  rules: z.array(z.object({ id: z.string(), country: z.string().optional() })),
  environments: z.record(z.string(), z.object({ rollout: z.number() })),
  owner: z.object({ team: z.string() }).nullable(),
})

describe('[FA-14] a field that the schema of its type cannot have', () => {
  it.each([
    ['/rolout', 'did you mean /rollout?'],
    ['/Rollout', 'did you mean /rollout?'],
    ['/rules/eu/contry', 'did you mean /rules/eu/country?'],
    ['/environments/production/rolout', 'did you mean /environments/production/rollout?'],
    ['/environments/*/rollot', 'did you mean /environments/*/rollout?'],
    ['/owner/tem', 'did you mean /owner/team?'],
    ['/xyz', 'correct it: there are enabled, rollout, rules, environments, owner'],
    ['/rollout/percent', 'end it at /rollout: there is nothing below'],
    ['/rules/eu/id/first', 'end it at /rules/eu/id: there is nothing below'],
  ])('[FA-14] %s: %s', (field, fix) => {
    expect(saidOf(field, { flag })).toEqual([fix])
  })

  it.each([
    '/rollout',
    '/rules',
    '/rules/eu',
    '/rules/*/country',
    '/rules/0/country',
    '/environments/any-name-at-all/rollout',
    '/owner/team',
    '/**',
    '/environments/**',
    '/**/rollout',
    '',
  ])('[FA-14] is none of %s', (field) => {
    expect(saidOf(field, { flag })).toEqual([])
  })

  it.each<[string, JsonValue]>([
    ['has room for more', z.toJSONSchema(z.looseObject({ rollout: z.number() })) as JsonValue],
    ['does not say', { type: 'object', properties: { rollout: {} } }],
    ['says nothing', {}],
    ['is anything', true],
    ['leads elsewhere', { $ref: 'https://example.org/flag.json' }],
    ['leads nowhere', { $ref: '#/$defs/flag' }],
    ['has patterns', { type: 'object', properties: {}, additionalProperties: false, patternProperties: { '^r': {} } }],
    ['has one kind that does not say', { anyOf: [z.toJSONSchema(flag) as JsonValue, {}] }],
    ['is joined', { allOf: [{ type: 'object', properties: { a: {} } }], additionalProperties: false }],
    ['refers to itself for ever', { $ref: '#' }],
    ['stands for anything', { anyOf: [{ type: 'string' }, true] }],
    ['lists whole values', { enum: [{ rolout: 1 }, 'none'] }],
    ['is a whole value', { const: { rolout: 1 } }],
  ])('[FA-14] is not known if the schema %s', (_, schema) => {
    expect(saidOf('/rolout', { flag: schema })).toEqual([])
  })

  it('[FA-14] is found behind references and in each of several kinds', () => {
    const node: z.ZodType = z.object({
      name: z.string(),
      get next() {
        return node.optional()
      },
    })
    expect(saidOf('/next/next/name', { node })).toEqual([])
    expect(saidOf('/next/next/nam', { node })).toEqual(['did you mean /next/next/name?'])
    const either = z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('a'), amount: z.number() }),
      z.object({ kind: z.literal('b'), weight: z.number() }),
    ])
    expect(saidOf('/amount', { either })).toEqual([])
    expect(saidOf('/wheight', { either })).toEqual(['did you mean /weight?'])
  })

  it('[FA-14] is looked for in time that does not grow with the ways that lead to it', () => {
    const kinds = Array.from({ length: 12 }, (_, at) => ({
      type: 'object',
      additionalProperties: false,
      properties: { [`only-${at}`]: { type: 'string' }, next: { $ref: '#/$defs/node' } },
    }))
    // Twelve ways at each of a hundred steps: whoever followed each of them would never come back.
    const schema = { $ref: '#/$defs/node', $defs: { node: { anyOf: kinds } } }
    const fields = Array.from(
      { length: 200 },
      (_, at) => ({ type: 'any_change', field: '/next'.repeat(30 + (at % 50)) }) as const,
    )
    const policy = { id: 'p', match: {}, when: { any: fields }, require: asked }
    expect(
      checkPolicy(policy, { resources: { node: { schema } } }).filter(({ severity }) => severity === 'error'),
    ).toEqual([])
    expect(saidOf('/next'.repeat(100), { node: schema })).toEqual([])
    expect(saidOf(`${'/next'.repeat(100)}/nex`, { node: schema })).toEqual([`did you mean ${'/next'.repeat(101)}?`])
  })

  it('[FA-14] is one of all types that the policy is about, each of which says', () => {
    const limit = z.object({ amount: z.number() })
    expect(saidOf('/amount', { flag, limit })).toEqual([])
    expect(saidOf('/amount', { flag, limit }, { resource: 'flag' })).toHaveLength(1)
    expect(saidOf('/amont', { flag, limit })).toEqual(['did you mean /amount?'])
    expect(saidOf('/amont', { flag, limit, other: {} })).toEqual([])
  })
})
