import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openHost } from './host.ts'
import { claim, say, scene, title } from './screen.ts'

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'countersign-demo-'))

title('Countersign: a change to a live feature flag waits for a second pair of eyes')
const end = await run('before-restart.ts')
scene('4  The process dies, and a new one finds everything')
claim('killed with SIGKILL, its messages still in the outbox', end === 'SIGKILL')
if ((await run('after-restart.ts')) !== 0) process.exit(1)

say('One byte of the database is changed on the disk: “not signed” becomes “now signed”.')
const restore = changeOneByte()
const broken = await verify()
const [first] = broken.problems
claim(`found: event ${first?.seq} of ${first?.stream}`, !broken.ok && first?.seq === 2)
say(`${first?.problem}`)
restore()
claim('with the byte put back, everything verifies', (await verify()).ok)

scene('Have a look')
say(`The database and the flag file are in ${folder}`)

/** Runs one act of the demo in a process of its own; answers its exit code, or the signal that ended it. */
async function run(act: string): Promise<number | string> {
  const [code, signal] = await once(fork(join(import.meta.dirname, act), [folder]), 'exit')
  return code ?? signal
}

async function verify() {
  const { approvals, as } = openHost(folder)
  const report = await as('ben').audit.verify()
  await approvals.close()
  return report
}

/** Turns “not signed” into “now signed” beside the event of the rejection, which commits to it; answers what puts it back. */
function changeOneByte(): () => void {
  const path = join(folder, 'approvals.db')
  const original = readFileSync(path)
  const upToTheByte = /"texts":\{"\/reason":\{[^}]*contract is no/.exec(original.toString('latin1'))
  if (!upToTheByte) throw new TypeError('The database does not hold the event.')
  const changed = Buffer.from(original)
  changed.write('w', upToTheByte.index + upToTheByte[0].length)
  writeFileSync(path, changed)
  return () => writeFileSync(path, original)
}
