// Verifies an audit export with nothing but Node.js: `node verify-export.mjs export.jsonl`.
// It shares no code with the library. Exit code 0: everything holds. 1: something was changed, cut off or left out.
import { createHash } from 'node:crypto'
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

function digest(domain, value) {
  const hash = createHash('sha256').update(canonical({ countersign: 1, domain, value }), 'utf8')
  return `sha256:${hash.digest('hex')}`
}

const problems = []
const found = { event: 0, content: 0, revision: 0, head: 0 }
const streams = new Map() // stream → the hash and number of its last event
const heads = new Map() // stream → where it has to end
const contents = new Map() // request and edition → content
const reviewed = [] // what requests said their content is
const revisions = new Map() // resource and number → digest of the document
const applied = [] // what the log says was applied

function readEvent({ kind, hash, ...body }) {
  const { stream, seq, prev, event } = body
  const where = `${stream} #${seq}`
  const last = streams.get(stream) ?? { seq: 0, hash: '' }
  if (seq !== last.seq + 1) problems.push(`${where}: an event before this one is missing`)
  if (digest('event', body) !== hash) problems.push(`${where}: the event is not what was written`)
  if (prev !== last.hash) problems.push(`${where}: the event does not follow the one before it`)
  streams.set(stream, { seq, hash })

  if (event.pinned) {
    const request = stream.slice('request/'.length)
    const { digest: expected, edition, round, expiresAt, requirements, rules } = event.pinned
    const { reason = null, applyAt = null } = event.pinned
    reviewed.push({
      where,
      request,
      edition,
      expected,
      rest: { round, expiresAt, requirements, rules, reason, applyAt },
    })
    if (event.tenant) requesters.set(request, event.by)
  }
  if (event.type === 'revised') applied.push({ where, key: `${stream} ${event.number}`, expected: event.digest })
}

const requesters = new Map()
let tenant

const readers = {
  header: (line) => {
    tenant = line.tenant
  },
  event: readEvent,
  content: ({ value }) => contents.set(`${value.request} ${value.edition}`, value.changes),
  revision: ({ value }) =>
    revisions.set(`resource/${value.type}/${value.id} ${value.number}`, digest('document', value.document)),
  head: ({ value }) => heads.set(value.stream, value),
}

for await (const text of createInterface({ input: createReadStream(argv[2]) })) {
  const line = JSON.parse(text)
  if (line.kind in found) found[line.kind]++
  readers[line.kind](line)
}

for (const [stream, { seq, hash }] of heads) {
  const last = streams.get(stream)
  if (!last || last.seq !== seq || last.hash !== hash)
    problems.push(`${stream}: does not end where it has to end, at #${seq}`)
}
for (const stream of streams.keys())
  if (!heads.has(stream)) problems.push(`${stream}: nothing says where it has to end`)
for (const { where, request, edition, expected, rest } of reviewed) {
  const changes = contents.get(`${request} ${edition}`)
  const requester = requesters.get(request)
  const actual = changes && digest('request', { tenant, request, requester, changes, ...rest })
  if (actual !== expected) problems.push(`${where}: the content is not what was reviewed`)
}
for (const { where, key, expected } of applied) {
  if (revisions.get(key) !== expected) problems.push(`${where}: the revision is not what was applied`)
}

for (const problem of problems) console.error(problem)
console.log(
  `${found.event} events in ${streams.size} streams, ${found.content} contents, ${found.revision} revisions: ${problems.length === 0 ? 'everything holds' : `${problems.length} problem(s)`}`,
)
exit(problems.length === 0 ? 0 : 1)
