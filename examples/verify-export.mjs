// Verifies an audit export with nothing but Node.js: `node verify-export.mjs export.jsonl [hash of a checkpoint kept elsewhere]`.
// It shares no code with the library. Exit code 0: everything holds. 1: something was changed, cut off or left out.
import { hash as hexOf } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { argv, exit } from 'node:process'
import { createInterface } from 'node:readline'

/** RFC 8785: keys in the order of their UTF-16 code units, numbers and texts as ECMAScript writes them. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`
}

const sha256 = (...parts) => `sha256:${hexOf('sha256', Buffer.concat(parts.map((part) => Buffer.from(part))))}`
const digest = (domain, value) => sha256(canonical({ countersign: 1, domain, value }))
// RFC 6962: leaves and nodes of a Merkle tree are hashed behind different bytes.
const leafOf = (text) => sha256('\u0000', text)
const nodeOf = (left, right) => sha256('\u0001', Buffer.from(left.slice(7), 'hex'), Buffer.from(right.slice(7), 'hex'))

const problems = []
const check = (holds, problem) => holds || problems.push(problem)
const streams = new Map() // stream → the hash and number of its last event
const hashes = new Map() // stream and number → hash of the event
const heads = new Map() // stream → where it has to end
const seals = [] // what was sealed, in its order
const peaks = [] // roots of the perfect trees over what was sealed, the largest first
const checkpoints = ['']
const contents = new Map() // request and edition → content
const reviewed = [] // what requests said their content is
const revisions = new Map() // resource and number → digest of the document
const applied = [] // what the log says was applied
const requesters = new Map()

function readEvent({ hash, ...body }) {
  const { tenant, stream, seq, prev, event } = body
  const where = `${stream} #${seq}`
  const last = streams.get(stream) ?? { seq: 0, hash: '' }
  check(seq === last.seq + 1, `${where}: an event before this one is missing`)
  check(digest('event', body) === hash, `${where}: the event is not what was written`)
  check(prev === last.hash, `${where}: the event does not follow the one before it`)
  streams.set(stream, { seq, hash })
  hashes.set(where, hash)
  if (event.pinned) {
    const request = stream.slice('request/'.length)
    const { digest: expected, edition, round, expiresAt, requirements, rules } = event.pinned
    const { reason = null, applyAt = null } = event.pinned
    const rest = { tenant, request, round, expiresAt, requirements, rules, reason, applyAt }
    reviewed.push({ where, edition, expected, rest })
    if (event.tenant) requesters.set(request, event.by)
  }
  if (event.type === 'revised') applied.push({ where, key: `${stream} ${event.number}`, expected: event.digest })
}

function readSeal({ tenant, stream, seq, hash }) {
  let node = leafOf(canonical({ tenant, stream, seq, hash }))
  for (let left = seals.length; left % 2 === 1; left = (left - 1) / 2) node = nodeOf(peaks.pop(), node)
  peaks.push(node)
  seals.push({ where: `${stream} #${seq}`, hash, checkpoint: checkpoints.length })
}

function readCheckpoint({ hash, ...body }) {
  const root = peaks.reduceRight((right, left) => nodeOf(left, right))
  const follows = body.prev === checkpoints.at(-1) && body.size === seals.length && body.root === root
  check(follows && digest('checkpoint', body) === hash, `checkpoint ${body.number}: is not what was sealed`)
  checkpoints.push(hash)
}

const readers = {
  header: () => {},
  seal: readSeal,
  checkpoint: readCheckpoint,
  event: readEvent,
  content: ({ value }) => contents.set(`${value.request} ${value.edition}`, value.changes),
  revision: ({ value: { type, id, number, document } }) =>
    revisions.set(`resource/${type}/${id} ${number}`, digest('document', document)),
  head: ({ value }) => heads.set(value.stream, value),
}
for await (const text of createInterface({ input: createReadStream(argv[2]) })) {
  const { kind, ...line } = JSON.parse(text)
  readers[kind](line)
}

check(checkpoints.includes(argv[3] ?? ''), 'the checkpoint that was kept elsewhere is not here')
for (const { where, hash, checkpoint } of seals)
  check(hashes.get(where) === hash && checkpoints[checkpoint], `${where}: is not what was sealed`)
for (const stream of new Set([...heads.keys(), ...streams.keys()]))
  check(heads.get(stream)?.hash === streams.get(stream)?.hash, `${stream}: does not end where it has to end`)
for (const { where, edition, expected, rest } of reviewed) {
  const what = { changes: contents.get(`${rest.request} ${edition}`) ?? null, requester: requesters.get(rest.request) }
  check(digest('request', { ...what, ...rest }) === expected, `${where}: the content is not what was reviewed`)
}
for (const { where, key, expected } of applied)
  check(revisions.get(key) === expected, `${where}: the revision is not what was applied`)

for (const problem of problems) console.error(problem)
const verdict = problems.length === 0 ? 'everything holds' : `${problems.length} problem(s)`
console.log(`${hashes.size} events in ${streams.size} streams, ${checkpoints.length - 1} checkpoints: ${verdict}`)
exit(problems.length === 0 ? 0 : 1)
