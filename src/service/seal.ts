import { hexOf } from '../core/change/digest.ts'
import {
  type Checkpoint,
  type CheckpointSignature,
  type Seal,
  type SealedTree,
  sealed,
  signedBytes,
} from '../core/request/checkpoint.ts'
import { hasCode } from '../errors.ts'
import { inTime } from '../ports/in-time.ts'
import type { Signer } from '../ports/signer.ts'
import type { Storage, Write } from '../ports/storage.ts'
import type { Context } from './context.ts'
import { type CheckpointRecord, page, put } from './records.ts'
import type { TickFailure } from './tick.ts'

/** How many events one checkpoint seals at most, and how many checkpoints of a tenant one call makes at most. */
const atOnce = 50
const mostCheckpoints = 20

/**
 * Seals what happened since the last checkpoints, tenant by tenant, the longest unsealed first. Gives the number of checkpoints made.
 *
 * What it costs grows with the number of events since, and with the logarithm of all that was ever sealed.
 */
export async function sealDue(context: Context, failed: TickFailure[]): Promise<number> {
  const { storage, now } = context
  const { records } = await page(storage, {
    collection: 'unsealed',
    index: 'byDue',
    where: [],
    range: { to: now() },
    order: 'ascending',
    limit: 500,
  })
  let made = 0
  for (const tenant of new Set(records.map(({ value }) => value.tenant))) {
    try {
      for (let round = 0; round < mostCheckpoints && (await sealTenant(context, tenant)); round++) made++
    } catch (error) {
      const elsewhere = hasCode(error, 'version_conflict') || hasCode(error, 'duplicate_key')
      if (!elsewhere) failed.push({ tenant, id: 'checkpoint', error })
    }
  }
  return made
}

/** Makes one checkpoint; tells whether there was something to seal. Of two processes that do so at once, one is refused. */
async function sealTenant({ storage, now, signer, timeouts }: Context, tenant: string): Promise<boolean> {
  const [before, { records }] = await Promise.all([
    lastCheckpoint(storage, tenant),
    page(storage, { collection: 'unsealed', index: 'key', where: [tenant], order: 'ascending', limit: atOnce }),
  ])
  if (records.length === 0) return false
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
  const signature = signer && (await inTime(signatureOf(signer, checkpoint), timeouts.signer))
  await storage.commit([
    ...done,
    ...seals.map((seal: Seal) => put('seals', seal, undefined)),
    put('checkpoints', { ...checkpoint, ...(signature ? { signature } : {}), peaks: tree.peaks }, undefined),
  ])
  return true
}

async function signatureOf(signer: Signer, checkpoint: Checkpoint): Promise<CheckpointSignature> {
  const { keyId } = signer
  const signature = await signer.sign(signedBytes(checkpoint, keyId))
  if (signature instanceof Uint8Array && signature.length > 0) return { keyId, value: hexOf(signature) }
  throw new TypeError(`The signer of key "${keyId}" has to give the bytes of a signature.`)
}

/** Reads the last checkpoint of a tenant; undefined where nothing is sealed yet. */
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
