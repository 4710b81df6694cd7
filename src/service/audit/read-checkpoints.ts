import { canonical } from '../../core/json/canonical.ts'
import { bytesOfHex, type Digest } from '../../core/json/digest.ts'
import { type Checkpoint, checkpointDigest, type Seal, sealDigest, signedBytes } from '../../core/log/checkpoint.ts'
import { emptyTree, rootOf, withLeaf } from '../../core/log/merkle-tree.ts'
import type { SignatureCheck } from '../../ports/signer.ts'
import type { Storage } from '../../ports/storage.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { CheckpointRecord } from '../records/record-types.ts'
import { type OnUnreadable, page, walk } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'
import type { AuditProblem } from './audit-report.ts'
import { lastCheckpoint } from './make-checkpoints.ts'

/** How far a stream goes at least, as the last checkpoint that sealed it says. */
export interface SealedEnd {
  readonly seq: number
  readonly hash: Digest
}

/** What is sealed of a tenant's log, and what is wrong with it. */
export interface SealedLog {
  readonly ends: ReadonlyMap<string, SealedEnd>
  readonly checkpoints: number
  readonly problems: readonly AuditProblem[]
}

/** Reads the last checkpoint of a tenant. */
export async function readCheckpoint(storage: Storage, tenant: string): Promise<Checkpoint | undefined> {
  const last = await lastCheckpoint(storage, tenant)
  return last && freeze(withoutPeaks(last))
}

/** Reads every checkpoint that there is by now, each with what it sealed. */
export async function* walkSealed(
  storage: Storage,
  tenant: string,
  onUnreadable?: OnUnreadable,
): AsyncGenerator<{
  readonly checkpoint: Checkpoint
  readonly peaks: readonly Digest[]
  readonly seals: readonly Seal[]
}> {
  const last = await lastCheckpoint(storage, tenant)
  if (!last) return
  const seals = walk(storage, inKeyOrder('seals', tenant), onUnreadable)
  const range = { to: last.number }
  let place = 0
  for await (const { value } of walk(storage, { ...inKeyOrder('checkpoints', tenant), range }, onUnreadable)) {
    const own: Seal[] = []
    for (; place < value.size; place++) {
      const seal = await seals.next()
      if (seal.done) break
      own.push(seal.value.value)
    }
    yield { checkpoint: withoutPeaks(value), peaks: value.peaks, seals: own }
  }
}

/** What sealed logs are compared with, beside themselves. */
export interface VerifyOptions {
  /**
   * A checkpoint that was kept in a place that nobody who writes to the database can change. The log has to go on from
   * it.
   *
   * @defaultValue none: the log is verified against its own checkpoints
   */
  readonly checkpoint?: Checkpoint | undefined
  /**
   * The keys that checkpoints may be signed with, by name, those that are not used any more among them. From the
   * first signed checkpoint on, each has to be signed with one of them.
   *
   * @defaultValue none: signatures are not checked
   */
  readonly keys?: Readonly<Record<string, SignatureCheck>> | undefined
}

/**
 * Reads what is sealed, and checks that it is what was sealed, is signed if that is asked for, and goes on from a
 * checkpoint that was kept elsewhere.
 */
export async function readSealed(
  storage: Storage,
  tenant: string,
  { checkpoint: kept, keys }: VerifyOptions,
  onUnreadable: OnUnreadable,
): Promise<SealedLog> {
  const problems: AuditProblem[] = []
  const ends = new Map<string, SealedEnd>()
  let tree = emptyTree
  let before: Pick<Checkpoint, 'number' | 'hash'> | { readonly number: 0; readonly hash: '' } = { number: 0, hash: '' }
  let found = kept === undefined
  let signed = false
  for await (const { checkpoint, peaks, seals } of walkSealed(storage, tenant, onUnreadable)) {
    for (const seal of seals) {
      tree = withLeaf(tree, sealDigest(seal))
      ends.set(seal.stream, { seq: seal.seq, hash: seal.hash })
    }
    const { number, prev, hash, size, root } = checkpoint
    const tell = (problem: string) => problems.push({ stream: checkpointsName, seq: number, problem })
    if (checkpointDigest(checkpoint) !== hash) tell('the checkpoint is not what was written: its hash does not match')
    if (number !== before.number + 1 || prev !== before.hash) tell('the checkpoint does not follow the one before it')
    if (size !== tree.size || root !== rootOf(tree)) tell('the seals are not those that the checkpoint was made of')
    if (canonical([...peaks]) !== canonical([...tree.peaks]))
      tell('the peaks are not those of the seals: no checkpoint could follow')
    if (kept?.number === number && kept.hash === hash && checkpointDigest(kept) === hash) found = true
    if (keys && (checkpoint.signature || signed)) {
      signed = true
      const problem = await signatureProblem(checkpoint, keys)
      if (problem) tell(problem)
    }
    before = { number, hash }
  }
  if (!found) {
    const problem = `the log does not go on from checkpoint ${kept?.number}, which was kept elsewhere`
    problems.push({ stream: checkpointsName, problem })
  }
  if (keys && !signed && before.number > 0)
    problems.push({ stream: checkpointsName, problem: 'no checkpoint is signed' })
  if (await isCut(storage, tenant, { number: before.number, size: tree.size })) {
    problems.push({ stream: checkpointsName, problem: 'the checkpoints end before what was sealed does' })
  }
  return { ends, checkpoints: before.number, problems }
}

const checkpointsName = 'checkpoints'

/** Says what is wrong with the signature of a checkpoint; `undefined` if one of the keys made it. */
async function signatureProblem(
  checkpoint: Checkpoint,
  keys: Readonly<Record<string, SignatureCheck>>,
): Promise<string | undefined> {
  const { signature } = checkpoint
  if (!signature) return 'the checkpoint is not signed, and one before it is'
  const { keyId, value } = signature
  const check = Object.hasOwn(keys, keyId) ? keys[keyId] : undefined
  if (!check)
    return `the checkpoint is signed with key ${JSON.stringify(keyId)}, which is not among those that were given`
  const holds = await answerOf(() => check(signedBytes(checkpoint, keyId), bytesOfHex(value)))
  return holds ? undefined : `the signature of the checkpoint was not made with key ${JSON.stringify(keyId)}`
}

/** Asks a function of the host; one that throws at what somebody wrote into a signature has not said yes. */
async function answerOf(check: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return (await check()) === true
  } catch {
    return false
  }
}

/** Tells whether seals are there that no checkpoint speaks of. */
async function isCut(
  storage: Storage,
  tenant: string,
  { number, size }: { readonly number: number; readonly size: number },
): Promise<boolean> {
  const query = { ...inKeyOrder('seals', tenant), range: { from: size }, limit: 1 }
  const { records } = await page(storage, query)
  if (records.length === 0) return false
  return ((await lastCheckpoint(storage, tenant))?.number ?? 0) === number
}

function withoutPeaks({ peaks: _peaks, ...checkpoint }: CheckpointRecord): Checkpoint {
  return checkpoint
}
