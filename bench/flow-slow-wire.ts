import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** How long everything takes that is sent, in milliseconds. */
const delay = 1

// Run by `fork` with the host and port of a server. Passes everything on a millisecond later in each direction, and
// says on which port.
const [host = '127.0.0.1', port] = process.argv.slice(2)

/** Passes on what arrives. Timers of one duration fire in the order in which they were set: nothing overtakes. */
function pass(from: Socket, to: Socket): void {
  from.on('data', (chunk) => setTimeout(() => to.write(chunk), delay))
  from.on('end', () => setTimeout(() => to.end(), delay))
  from.on('error', () => to.destroy())
  from.on('close', () => setTimeout(() => to.destroy(), delay))
}

const server = createServer({ noDelay: true }, (client) => {
  const upstream = connect({ host, port: Number(port), noDelay: true })
  pass(client, upstream)
  pass(upstream, client)
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())
