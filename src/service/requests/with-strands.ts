import { success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { strandedBy } from '../facts/strands.ts'
import type { Reader } from '../people/reading-rights.ts'
import { freeze } from '../values/freeze.ts'
import { noStrands, type Stranding, type Strands } from '../values/strands.ts'

/** Makes a change of people, roles or policies say in its answer what it strands. */
export function withStrands<T>(context: Context, command: Command<T>): Command<T & Stranding> {
  const { verb, actor, about } = command
  return {
    verb,
    actor,
    about,
    async attempt(at) {
      const accepted = await command.attempt(at)
      if (!accepted.ok) return accepted
      const { writes, answer } = accepted.value
      const strands = await strandsOf(context, actor, writes)
      return success({ writes, answer: freeze({ ...answer, strands }) })
    },
  }
}

/** Says what a change would strand, before it is made: nothing, if it would be refused. */
export async function foreseenStrands(context: Context, command: Command<unknown>): Promise<Strands> {
  const accepted = await command.attempt(context.now())
  return accepted.ok ? await strandsOf(context, command.actor, accepted.value.writes) : noStrands
}

async function strandsOf(context: Context, reader: Reader, writes: readonly Write[]): Promise<Strands> {
  const changes = writes.filter(({ type }) => type !== 'check')
  return changes.length === 0 ? noStrands : await strandedBy(context, reader, { writes: changes })
}
