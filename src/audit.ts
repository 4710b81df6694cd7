export {
  type Checkpoint,
  type CheckpointSignature,
  checkpointDigest,
  type Seal,
  type SealedTree,
  type StreamEnd,
  sealDigest,
  sealed,
  signedBytes,
} from './core/log/checkpoint.ts'
export { commitment, restored } from './core/log/erasable-texts.ts'
export {
  brokenLink,
  emptyStream,
  headAfter,
  type LoggedEvent,
  type SaltedText,
  type StreamHead,
} from './core/log/event-chain.ts'
export { emptyTree, type MerkleTree, rootOf, withLeaf } from './core/log/merkle-tree.ts'
export type { SignatureCheck, Signer } from './ports/signer.ts'
export type { AuditProblem, AuditReport } from './service/audit/audit-report.ts'
export type { Erasable, Erased } from './service/audit/erase-texts.ts'
export type { LogSubject } from './service/audit/log-subject.ts'
export type { VerifyOptions } from './service/audit/read-checkpoints.ts'
export type { ExportLine, LogFilter } from './service/audit/read-log.ts'
