// Verifies an audit export with nothing but Node.js: `node verify-export.mjs export.jsonl [hash of a checkpoint kept elsewhere, or ''] [keys.json]`.
// The keys are PEM texts by name: { "key-1": "-----BEGIN PUBLIC KEY-----…" }. Exit code 0: everything holds. 1: something was changed, cut off or left out.
import { hash as hexOf, verify } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
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
const framed = (domain, value) => canonical({ countersign: 1, domain, value })
const digest = (domain, value) => sha256(framed(domain, value))
// RFC 6962: leaves and nodes of a Merkle tree are hashed behind different bytes.
const nodeOf = (left, right) => sha256('\u0001', Buffer.from(left.slice(7), 'hex'), Buffer.from(right.slice(7), 'hex'))
const problems = []
const check = (holds, problem) => holds || problems.push(problem)
const streams = new Map() // stream → the hashes of its events
const peaks = [] // roots of the perfect trees over what was sealed, the largest first
const promised = new Map() // what the log speaks of: name → whether a value is it
const kept = new Map() // what there is: name → value
const keep = (name, value) =>
  check((kept.get(name) ?? value) === value && kept.set(name, value), `${name}: is there twice`)
const [seals, checkpoints, requesters] = [[], [''], new Map()]
const gone = Symbol('removed by retention')
const removed = new Set() // the documents that retention removed
const keys = argv[4] && JSON.parse(readFileSync(argv[4], 'utf8'))
let [tenant, signed] = ['', false]

function readEvent({ hash, texts = {}, ...body }) {
  const { stream, seq, prev, event } = body
  const log = streams.get(stream) ?? []
  const where = `${stream} #${seq}`
  check(digest('event', body) === hash && body.tenant === tenant, `${where}: the event is not what was written`)
  check(seq === log.push(hash) && prev === (log.at(-2) ?? ''), `${where}: the event does not follow the one before it`)
  streams.set(stream, log)
  for (const { reason, message } of [event, event.pinned ?? {}, ...(event.pinned?.reviews ?? [])])
    for (const said of [reason, event.type === 'revised' && message]) said && promised.set(`text ${said}`, () => true)
  for (const told of Object.values(texts)) keep(`text ${digest('text', told)}`, told.text)
  for (const erased of event.erased ?? []) keep(`text ${erased}`, '')
  if (stream === 'retention') for (const name of event.removed ?? []) removed.add(name)
  if (event.type === 'revised')
    promised.set(`revision ${stream} #${event.number}`, (document) => digest('document', document) === event.digest)
  if (!event.pinned) return
  const request = stream.slice('request/'.length)
  const { edition, round, expiresAt, requirements, rules, reason = null, applyAt = null } = event.pinned
  if (event.tenant) requesters.set(request, event.by)
  const bound = { tenant, request, round, expiresAt, requirements, rules, reason, applyAt }
  const isReviewed = (changes) =>
    digest('request', { ...bound, requester: requesters.get(request), changes }) === event.pinned.digest
  promised.set(`content ${stream} #${edition}`, isReviewed)
}

function readSeal({ tenant, stream, seq, hash }) {
  let node = sha256('\u0000', canonical({ tenant, stream, seq, hash }))
  for (let left = seals.length; left % 2 === 1; left = (left - 1) / 2) node = nodeOf(peaks.pop(), node)
  peaks.push(node)
  seals.push({ stream, seq, hash, checkpoint: checkpoints.length })
}

function readCheckpoint({ hash, signature, ...body }) {
  const root = peaks.reduceRight((right, left) => nodeOf(left, right))
  const follows = body.prev === checkpoints.at(-1) && body.size === seals.length && body.root === root
  check(follows && digest('checkpoint', body) === hash, `checkpoint ${body.number}: is not what was sealed`)
  checkpoints.push(hash)
  signed ||= signature !== undefined
  if (!keys || !signed) return
  const { keyId = '', value = '' } = signature ?? {}
  const bytes = Buffer.from(framed('signature', { keyId, hash }))
  const holds = Object.hasOwn(keys, keyId) && verify(null, bytes, keys[keyId], Buffer.from(value, 'hex'))
  check(holds, `checkpoint ${body.number}: is not signed with one of the keys`)
}
const readers = {
  header: (header) => (tenant = header.tenant),
  seal: readSeal,
  checkpoint: readCheckpoint,
  event: readEvent,
  content: ({ value: { request, edition, changes, notKept } }) =>
    keep(`content request/${request} #${edition}`, notKept && changes.length === 0 ? gone : changes),
  revision: ({ value: { type, id, number, document, notKept } }) =>
    keep(`revision resource/${type}/${id} #${number}`, notKept && document === null ? gone : document),
  head: ({ value: { stream, hash } }) => keep(`end of ${stream}`, hash),
}
for await (const text of createInterface({ input: createReadStream(argv[2]) })) {
  const { kind, ...line } = JSON.parse(text)
  check(JSON.stringify({ kind, ...line }) === text, `${text.slice(0, 80)}…: the line is not as it was exported`)
  readers[kind](line)
}
check(!keys || signed, 'no checkpoint is signed')
check(checkpoints.includes(argv[3] ?? ''), 'the checkpoint that was kept elsewhere is not here')
for (const { stream, seq, hash, checkpoint } of seals)
  check(streams.get(stream)?.[seq - 1] === hash && checkpoints[checkpoint], `${stream} #${seq}: is not what was sealed`)
for (const [, stream, number] of [...removed].map((name) => /^(.*) (\d+)$/s.exec(name) ?? []))
  promised.set(`${stream?.startsWith('request/') ? 'content' : 'revision'} ${stream} #${number}`, (it) => it === gone)
for (const [stream, log] of streams) promised.set(`end of ${stream}`, (hash) => hash === log.at(-1))
for (const name of new Set([...kept.keys(), ...promised.keys()]))
  check(kept.has(name) && promised.get(name)?.(kept.get(name)), `${name}: is not what the log says`)
for (const problem of problems) console.error(problem)
const verdict = problems.length === 0 ? 'everything holds' : `${problems.length} problem(s)`
console.log(
  `${[...streams.values()].flat().length} events in ${streams.size} streams, ${checkpoints.length - 1} checkpoints: ${verdict}`,
)
exit(problems.length === 0 ? 0 : 1)
