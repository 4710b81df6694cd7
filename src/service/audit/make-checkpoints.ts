import { defined } from '../../core/defined.ts'
import { hexOf } from '../../core/json/digest.ts'
import {
  type Checkpoint,
  type CheckpointSignature,
  type Seal,
  type SealedTree,
  sealed,
  signedBytes,
} from '../../core/log/checkpoint.ts'
import { hasCode } from '../../errors/approval-error.ts'
import type { Signer } from '../../ports/signer.ts'
import type { Storage, Write } from '../../ports/storage.ts'
import { putOffWrite } from '../commands/put-off.ts'
import type { Chore } from '../context/chore.ts'
import type { Context } from '../context/context.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { CheckpointRecord, UnsealedRecord } from '../records/record-types.ts'
import { type OnUnreadable, page, put, type Stored } from '../records/typed-storage.ts'
import type { HostNeed } from '../values/needs.ts'

/**
 * How many events one checkpoint seals at most, and how many checkpoints of a tenant one call of `tick` makes at
 * most.
 */
const atOnce = 50
const mostCheckpoints = 20

/**
 * Makes the chore that seals what happened in a tenant since its last checkpoint, one checkpoint after the other.
 *
 * What it costs grows with the number of events since, and with the logarithm of all that was ever sealed.
 */
export function sealChore(context: Context, records: readonly Stored<UnsealedRecord>[], round = 1): Chore {
  const tenant = records[0]?.value.tenant ?? ''
  const { now } = context
  const needs = context.signer ? [signerNeed] : []
  return {
    name: `unsealed\n${tenant}`,
    tenant,
    id: 'checkpoint',
    lane: `unsealed\n${tenant}`,
    abreast: 1,
    needs,
    run: async () => {
      try {
        const { events, unsigned } = await sealTenant(context, tenant)
        if (unsigned) {
          const { error } = unsigned
          return { failed: [{ error }], why: 'failed', broken: [{ need: signerNeed, error }] }
        }
        if (events === 0) return {}
        const isMore = events === atOnce && round < mostCheckpoints
        const rest = isMore ? { rest: sealChore(context, records, round + 1) } : {}
        return { done: { sealed: 1 }, worked: needs, ...rest }
      } catch (error) {
        if (hasCode(error, 'version_conflict') || hasCode(error, 'duplicate_key')) return { why: 'waiting' }
        return { failed: [{ error }], why: 'failed' }
      }
    },
    later: (why) => records.map((record) => putOffWrite('unsealed', record, { why, at: now() })),
  }
}

const signerNeed: HostNeed = { name: 'signer' }

/** What cannot be read was named by whoever found that something is due. */
const passOver: OnUnreadable = () => {}

interface SealedEvents {
  readonly events: number
  /** Why there is no signature, if somebody has to sign. */
  readonly unsigned?: { readonly error: unknown }
}

/** Makes one checkpoint; gives how many events it seals. Of two processes that do so at once, one is refused. */
async function sealTenant({ storage, now, signer }: Context, tenant: string): Promise<SealedEvents> {
  const [before, { records }] = await Promise.all([
    lastCheckpoint(storage, tenant),
    page(storage, { ...inKeyOrder('unsealed', tenant), limit: atOnce }, passOver),
  ])
  if (records.length === 0) return { events: 0 }
  const ends = new Map(records.map(({ value: { stream, seq, hash } }) => [stream, { stream, seq, hash }]))
  const { checkpoint, tree, seals } = sealed(before && treeOf(before), { tenant, at: now(), ends: [...ends.values()] })
  const done = records.map(
    ({ version, value: { stream, seq } }): Write => ({
      type: 'remove',
      collection: 'unsealed',
      key: [tenant, stream, seq],
      expected: version,
    }),
  )
  const signed = signer && (await signedBy(signer, checkpoint))
  if (signed && 'error' in signed) return { events: 0, unsigned: signed }
  await storage.commit([
    ...done,
    ...seals.map((seal: Seal) => put('seals', seal, undefined)),
    put('checkpoints', { ...checkpoint, ...defined({ signature: signed }), peaks: tree.peaks }, undefined),
  ])
  return { events: records.length }
}

async function signedBy(
  signer: Signer,
  checkpoint: Checkpoint,
): Promise<CheckpointSignature | { readonly error: unknown }> {
  try {
    return await signatureOf(signer, checkpoint)
  } catch (error) {
    return { error }
  }
}

async function signatureOf(signer: Signer, checkpoint: Checkpoint): Promise<CheckpointSignature> {
  const { keyId } = signer
  const signature = await signer.sign(signedBytes(checkpoint, keyId))
  return { keyId, value: hexOf(signature) }
}

/** Reads the last checkpoint of a tenant; `undefined` if nothing is sealed yet. */
export async function lastCheckpoint(storage: Storage, tenant: string): Promise<CheckpointRecord | undefined> {
  const { records } = await page(storage, {
    collection: 'checkpoints',
    index: 'key',
    where: [tenant],
    order: 'descending',
    limit: 1,
  })
  return records[0]?.value
}

function treeOf({ peaks, ...checkpoint }: CheckpointRecord): SealedTree {
  return { checkpoint, tree: { size: checkpoint.size, peaks } }
}
