/**
 * How large a document may be. Everything is counted before it is copied, and depth before anything is recursed into.
 */
export interface Limits {
  /** Containers inside each other: a scalar has depth 0, `{}` has depth 1. */
  readonly depth: number
  /** Values of every kind, containers included. */
  readonly nodes: number
  /** Items of one array, or keys of one object. */
  readonly members: number
  /** UTF-16 code units of one text or key. */
  readonly textLength: number
  /** UTF-8 bytes of the canonical text of the document. */
  readonly bytes: number
}

/** How a value is taken in. */
export interface Admission extends Limits {
  /** Whether a property that is undefined is one that is left out. In a document it is a mistake. */
  readonly undefinedIsAbsent?: true
}

/** The limits that hold if none are given: far above what people review, far below what hurts a process. */
export const defaultLimits: Limits = {
  depth: 100,
  nodes: 500_000,
  members: 50_000,
  textLength: 1_048_576,
  bytes: 8_388_608,
}

/** How much a JSON Patch may ask for. `depth` is that of the document that it makes, `bytes` what it adds to it. */
export interface PatchLimits extends Limits {
  readonly operations: number
  /**
   * Values that are added, moved or copied, or that stand beside a changed one and are copied with it; over all
   * operations.
   */
  readonly work: number
}

/** The limits of patches if none are given. */
export const defaultPatchLimits: PatchLimits = { ...defaultLimits, operations: 10_000, work: 500_000 }
