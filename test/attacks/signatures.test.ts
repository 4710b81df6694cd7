import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { checkpointDigest } from '../../src/core/log/checkpoint.ts'
import {
  type Checkpoint,
  createApprovals,
  type JsonObject,
  type Signer,
  type Storage,
  staticDirectory,
} from '../../src/index.ts'
import type { SignatureCheck } from '../../src/ports/signer.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { storages } from '../storages.ts'
import { exported, verifier } from '../verify-export.ts'
import { flags, refusal, rollout, start } from '../world.ts'

const verified = verifier()

/** A key of the host's: who signs with it, and how others check that. */
function keyNamed(keyId: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const signer: Signer = { keyId, sign: (bytes) => sign(null, bytes, privateKey) }
  const check: SignatureCheck = (bytes, signature) => verify(null, bytes, publicKey, signature)
  return { keyId, signer, check, pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}

const [old, present, foreign] = ['2025', '2026', 'foreign'].map(keyNamed) as [Key, Key, Key]
type Key = ReturnType<typeof keyNamed>

const keysOf = (...keys: readonly Key[]) => Object.fromEntries(keys.map(({ keyId, check }) => [keyId, check]))

function office(storage: Storage, signer?: Signer) {
  const directory = staticDirectory({ ann: [] })
  let time = start
  const options = { storage, resources: [flags], directory, admins: 'anyone', now: () => time } as const
  const approvals = createApprovals(signer ? { ...options, signer } : options)
  const ann = approvals.as({ tenant: 'acme', user: 'ann' })
  return {
    ann,
    tick: approvals.tick,
    pass: (milliseconds: number) => {
      time += milliseconds
    },
    async seal(to: number) {
      await ann.submit(flags.ref('checkout'), to === 1 ? { value: { enabled: true, rollout: to } } : rollout(to))
      expect((await approvals.tick()).sealed).toBe(1)
    },
  }
}

/** A tenant with one checkpoint before anything was signed, one signed with a key that was retired since, and one with the present one. */
async function rotated(storage: Storage) {
  await office(storage).seal(1)
  await office(storage, old.signer).seal(2)
  const now = office(storage, present.signer)
  await now.seal(3)
  return now
}

async function rewrite(storage: Storage, number: number, to: (checkpoint: JsonObject) => JsonObject): Promise<void> {
  const [found] = await storage.get([{ collection: 'checkpoints', key: ['acme', number] }])
  if (!found) throw new TypeError(`There is no checkpoint ${number}.`)
  const value = to(found.value)
  await storage.commit([{ type: 'replace', collection: 'checkpoints', value, expected: found.version }])
}

const unsigned = ({ signature: _signature, ...checkpoint }: JsonObject): JsonObject => checkpoint

/** What somebody does who can write to the database, and has no key, or only one that nobody trusts. */
const forgeries: readonly (readonly [string, (storage: Storage) => Promise<void>, string])[] = [
  ['takes the signature away', (storage) => rewrite(storage, 3, unsigned), 'is not signed, and one before it is'],
  [
    'signs with a key of their own under a trusted name',
    (storage) =>
      rewrite(storage, 3, (checkpoint) => ({
        ...checkpoint,
        signature: { keyId: present.keyId, value: (checkpoint['signature'] as JsonObject)['value'] ?? '' },
        ...signedBy(checkpoint, { ...foreign, keyId: present.keyId }),
      })),
    'was not made with key "2026"',
  ],
  [
    'passes the signature of one key off as that of another',
    (storage) =>
      rewrite(storage, 3, (checkpoint) => ({
        ...checkpoint,
        signature: { ...(checkpoint['signature'] as JsonObject), keyId: old.keyId },
      })),
    'was not made with key "2025"',
  ],
  [
    'writes the checkpoint anew with its hash',
    (storage) =>
      rewrite(storage, 3, (checkpoint) => {
        const forged = { ...checkpoint, at: 1 }
        return { ...forged, hash: checkpointDigest(forged as unknown as Checkpoint) }
      }),
    'was not made with key "2026"',
  ],
  [
    'writes something that is no signature',
    (storage) => rewrite(storage, 3, (checkpoint) => ({ ...checkpoint, signature: { keyId: '2026', value: 'zz' } })),
    'was not made with key "2026"',
  ],
]

function signedBy(checkpoint: JsonObject, { keyId, signer }: Pick<Key, 'keyId' | 'signer'>): JsonObject {
  const bytes = Buffer.from(
    `{"countersign":1,"domain":"signature","value":{"hash":"${checkpoint['hash']}","keyId":"${keyId}"}}`,
  )
  return { signature: { keyId, value: Buffer.from(signer.sign(bytes) as Uint8Array).toString('hex') } }
}

describe.each(storages)('signed checkpoints on $name', ({ open }) => {
  it('[O12] verify with the key that has signed them, however often it was changed since', async () => {
    const { ann } = await rotated(open())
    expect(await ann.audit.verify({ keys: keysOf(old, present) })).toMatchObject({ ok: true, checkpoints: 3 })
    expect((await ann.audit.checkpoint())?.signature?.keyId).toBe('2026')
  })

  it('[O12] are reported where nobody knows their key', async () => {
    const { ann } = await rotated(open())
    expect((await ann.audit.verify({ keys: keysOf(present) })).problems).toEqual([
      {
        stream: 'checkpoints',
        seq: 2,
        problem: 'the checkpoint is signed with key "2025", which is not among those that were given',
      },
    ])
    expect(await refusal(ann.audit.verify({ keys: {} }))).toBe('invalid_input')
    expect(await refusal(ann.audit.verify({ keys: { 2026: 'pem' } as never }))).toBe('invalid_input')
  })

  it('[O12] cannot be forged by who may write to the database', async () => {
    for (const [what, forge, problem] of forgeries) {
      const storage = open()
      const { ann } = await rotated(storage)
      await forge(storage)
      const { problems } = await ann.audit.verify({ keys: keysOf(old, present) })
      expect(problems, what).toEqual([expect.objectContaining({ seq: 3, problem: expect.stringContaining(problem) })])
    }
  })

  it('[O12] are missed where none was ever signed', async () => {
    const storage = open()
    await office(storage).seal(1)
    expect((await office(storage).ann.audit.verify({ keys: keysOf(present) })).problems).toEqual([
      { stream: 'checkpoints', problem: 'no checkpoint is signed' },
    ])
  })
})

describe('a signer', () => {
  it('that fails makes no checkpoint, and what it should have sealed waits for the next one', async () => {
    const storage = memoryStorage()
    let works = false
    const moody: Signer = {
      keyId: '2026',
      async sign(bytes) {
        if (!works) throw new RangeError('the key store does not answer')
        return await present.signer.sign(bytes)
      },
    }
    const { ann, tick, pass } = office(storage, moody)
    await ann.submit(flags.ref('checkout'), { value: { enabled: true, rollout: 1 } })
    const error = { code: 'host_function_failed', cause: new RangeError('the key store does not answer') }
    expect(await tick()).toMatchObject({ sealed: 0, failed: [{ tenant: 'acme', id: 'checkpoint', error }] })
    works = true
    pass(2_000)
    expect(await tick()).toMatchObject({ sealed: 1, failed: [] })
    expect(await ann.audit.verify({ keys: keysOf(present) })).toMatchObject({ ok: true, checkpoints: 1 })
  })

  it('is refused without a name for its key, or a function that signs', () => {
    const options = {
      storage: memoryStorage(),
      resources: [],
      directory: staticDirectory({}),
      admins: 'anyone',
    } as const
    for (const signer of [{ keyId: '', sign: present.signer.sign }, { keyId: 'a' }, { sign: present.signer.sign }]) {
      expect(() => createApprovals({ ...options, signer: signer as Signer })).toThrow(TypeError)
    }
  })
})

describe('an export', () => {
  it('[O11, O12] carries the signatures, which a program without the library checks', async () => {
    const { ann } = await rotated(memoryStorage())
    const lines = await exported(ann)
    const said = (keys: readonly Key[], text = lines) =>
      verified(text, Object.fromEntries(keys.map(({ keyId, pem }) => [keyId, pem]))).output
    expect(said([old, present])).toContain('everything holds')
    expect(said([present])).toContain('checkpoint 2: is not signed with one of the keys')
    expect(said([old, { ...present, pem: foreign.pem }])).toContain('checkpoint 3: is not signed with one of the keys')
    const stripped = lines.map((line) => line.replace(/,"signature":\{[^}]+\}/, ''))
    expect(said([old, present], stripped)).toContain('no checkpoint is signed')
  })
})
