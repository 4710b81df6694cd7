import type { Digest } from '../../json/digest.ts'
import type { StreamHead } from '../../log/event-chain.ts'

/**
 * The state of the policies of a tenant: the state of its settings, and the digest of the set of policies in code that
 * is on record there.
 */
export interface PolicySetState extends StreamHead {
  /** Left out: no policies in code are on record. */
  readonly inCode?: Digest
}
