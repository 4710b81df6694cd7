import { isApprovalError } from '../../../errors/approval-error.ts'
import type { CollectionName } from '../../../ports/collections.ts'
import type { Storage, StoredRecord } from '../../../ports/storage.ts'
import type { EffectScope } from '../../toolkit/effect-scope.ts'
import { type KeyedWrite, refuseConflict, refuseDuplicate } from '../../toolkit/ordered-writes.ts'
import { refuseFailed } from '../../toolkit/stored-row.ts'
import { type Arguments, writeArguments } from '../shared/arguments.ts'
import type { Dialect } from '../shared/dialect.ts'
import { recent } from '../shared/recent.ts'
import { getOrMake, type Statement, type Statements } from '../shared/statements.ts'
import { isBusy, isTaken, patiently, type SqliteConnection } from './connection.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { heldColumns, movedColumns, replaceMoved } from './statements.ts'

/** How many commits are made in one transaction at most: none of them should wait long for the others. */
const mostTogether = 64

/**
 * Taken here, and from the platform: tests may have put a clock of their own in its place, in the whole process or
 * before this was loaded.
 */
const { nextTick } = process.getBuiltinModule?.('node:process') ?? process

/** How many characters of replacements are remembered, of which there is one for each set of columns that move. */
const mostText = 200_000

const keep = 'savepoint countersign_commit'
const release = 'release countersign_commit'
const undo = 'rollback to countersign_commit'

interface WriteToMake {
  readonly keyed: KeyedWrite
  readonly values: Arguments
}

interface Commit {
  readonly writes: readonly WriteToMake[]
  done(): void
  failed(thrown: unknown): void
}

/** What commits are made with. */
export interface CommitTools {
  readonly dialect: Dialect
  readonly connection: SqliteConnection
  readonly prepared: PreparedStatements
  readonly statements: Statements
  readonly scope: EffectScope
  /** Does one thing after the other. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>
}

/**
 * Makes commits on one connection.
 *
 * Those that arrive before this process has nothing else to do are made in one transaction, each behind a savepoint
 * of its own, so that the disk is awaited once for all of them. None is reported before the whole is on the disk, and
 * one that is refused takes nothing of the others along.
 */
export function createCommits({ dialect, connection, prepared, statements, scope, inTurn }: CommitTools) {
  const holding = new Map<CollectionName, Statement>()
  const replacements = recent<Statement>(mostText, ({ text }, name) => text.length + name.length)
  /** Writes no more of a row and its indexes than moves. */
  const replace = (collection: CollectionName, values: Arguments): boolean => {
    const held = prepared.row(
      getOrMake(holding, collection, () => heldColumns(dialect, collection)),
      [values],
    )
    if (!held) return false
    const moved = movedColumns(collection, held, values)
    const name = [collection, ...moved].join()
    const statement = replacements.of(name, () => replaceMoved(dialect, collection, moved))
    return prepared.changes(statement, [values])
  }
  /** Those that the next commit can still join; `undefined` if it has to begin anew. */
  let arriving: Commit[] | undefined
  let waitsForEffect = false
  /** Whether a transaction that has come to nothing may be open still, because it could not be rolled back. */
  let isLeftOpen = false

  const takenIndex = ({ write }: KeyedWrite, values: Arguments): string | undefined => {
    const { version, taken } = statements.of(write.collection)
    if (write.type === 'insert' && prepared.row(version, [values])) return 'key'
    return Object.entries(taken).find(([, statement]) => prepared.row(statement, [values]))?.[0]
  }
  const make = ({ keyed, values }: WriteToMake): void => {
    const { write } = keyed
    const statement = statements.of(write.collection)
    if (write.type === 'check') {
      const found = prepared.row(statement.version, [values]) as Pick<StoredRecord, 'version'> | undefined
      if ((found ? Number(found.version) : 'absent') !== write.expected) refuseConflict(keyed)
      return
    }
    try {
      if (write.type === 'replace' && replace(write.collection, values)) return
      if (!prepared.changes(statement[write.type], [values])) refuseConflict(keyed)
    } catch (thrown) {
      const index = isTaken(thrown) ? takenIndex(keyed, values) : undefined
      if (index === undefined) throw thrown
      refuseDuplicate(keyed, index, thrown)
    }
  }

  const rollback = (): void => {
    try {
      prepared.control('rollback')
    } catch {
      // After some failures SQLite has rolled back by itself: there is no transaction left to end. Otherwise an
      // effect has left a query running.
      isLeftOpen = true
    }
  }
  const begin = (): void => {
    if (isLeftOpen) rollback()
    // Not prepared: if this fails, libsql would leave it running until it is tried again, with a lock that keeps
    // other connections from their commits.
    connection.exec('begin immediate')
    isLeftOpen = false
  }

  /** Makes the writes of several commits, and answers what refused which of them. */
  const makeEach = (commits: readonly Commit[]): ReadonlyMap<Commit, unknown> => {
    const refusals = new Map<Commit, unknown>()
    for (const commit of commits) {
      prepared.control(keep)
      try {
        for (const write of commit.writes) make(write)
      } catch (thrown) {
        refusals.set(commit, thrown)
        try {
          prepared.control(undo)
        } catch (lost) {
          // SQLite has rolled back the whole, so that none of them is made. A refusal of this one says nothing of the
          // others.
          throw isApprovalError(thrown) ? lost : thrown
        }
      }
      prepared.control(release)
    }
    return refusals
  }

  const makeTogether = (commits: readonly Commit[]): void => {
    try {
      const refusals = makeEach(commits)
      prepared.control('commit')
      for (const commit of commits) {
        if (refusals.has(commit)) commit.failed(refusals.get(commit))
        else commit.done()
      }
    } catch (thrown) {
      rollback()
      for (const { failed } of commits) failed(thrown)
    }
  }

  const makeAlone = ({ writes, done, failed }: Commit): void => {
    try {
      for (const write of writes) make(write)
      prepared.control('commit')
      done()
    } catch (thrown) {
      rollback()
      failed(thrown)
    }
  }

  /** Makes what has arrived by the time when nobody in this process can go on without waiting. */
  const makeArrived = async (commits: readonly Commit[]): Promise<void> => {
    await new Promise((resolve) => nextTick(resolve))
    if (arriving === commits) arriving = undefined
    try {
      await patiently(() => {
        begin()
        const [first] = commits
        if (first && commits.length === 1) makeAlone(first)
        else makeTogether(commits)
      })
    } catch (thrown) {
      for (const { failed } of commits) failed(thrown)
    }
  }
  /**
   * Joins the commits that are made next, whose turn was taken when the first of them arrived: whatever is asked for
   * later comes after them.
   */
  const join = (commit: Commit): void => {
    if (arriving === undefined || arriving.length === mostTogether) {
      const commits: Commit[] = []
      arriving = commits
      void inTurn(() => makeArrived(commits))
    }
    arriving.push(commit)
  }

  return {
    /** Makes a commit, together with others that arrive meanwhile. */
    async make(ordered: readonly KeyedWrite[]): Promise<void> {
      const writes = prepare(ordered)
      try {
        await new Promise<void>((done, failed) => join({ writes, done, failed }))
      } catch (thrown) {
        refuse(writes, thrown)
      }
    },

    /** Makes a commit and its effect, in a transaction of their own. */
    async makeWith(ordered: readonly KeyedWrite[], effect: Effect): Promise<void> {
      const writes = prepare(ordered)
      await inTurn(async () => {
        let inEffect = false
        try {
          await patiently(() => {
            begin()
            waitsForEffect = true
          })
          for (const write of writes) make(write)
          inEffect = true
          await scope.run(async () => effect(connection))
          inEffect = false
          prepared.control('commit')
        } catch (thrown) {
          // If none was begun, there may be one of the host, or of another storage on its connection.
          if (waitsForEffect) rollback()
          if (inEffect) throw thrown
          refuse(writes, thrown)
        } finally {
          waitsForEffect = false
        }
      })
    },

    /**
     * Tells whether a transaction is open that waits for its effect: what is read on this connection meanwhile may
     * never be.
     */
    waitForEffect: () => waitsForEffect,
  }
}

type Effect = NonNullable<Parameters<Storage['commit']>[1]>

function prepare(ordered: readonly KeyedWrite[]): readonly WriteToMake[] {
  return ordered.map((keyed) => ({ keyed, values: writeArguments(keyed) }))
}

function refuse([first]: readonly WriteToMake[], thrown: unknown): never {
  if (isApprovalError(thrown)) throw thrown
  if (isBusy(thrown) && first) refuseConflict(first.keyed, thrown)
  return refuseFailed('commit', thrown)
}
