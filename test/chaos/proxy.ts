import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What a proxy does with what comes through it. */
type Mood = 'passes' | 'stalls' | 'loses answers'

/** A proxy in front of a server, over which connections can be cut and stalled. */
export interface TcpProxy {
  /** The address with the proxy in the place of the server. */
  readonly address: string
  /** How many messages of clients have come through. */
  readonly messages: number
  /** Cuts all connections that are open. */
  cut(): void
  /** Holds everything back from now on, without a word to either side. */
  stall(): void
  /** Lets message number `at` of a client through, swallows the answer to it, and cuts the connection. */
  loseAnswerTo(at: number): void
  /** Is an honest proxy again, for new connections. */
  heal(): void
  close(): Promise<void>
}

/** Puts a proxy in front of the server of an address. */
export async function proxyTo(address: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(address)
  const pairs = new Set<readonly [Socket, Socket]>()
  let mood: Mood = 'passes'
  let messages = 0
  let last = Number.POSITIVE_INFINITY

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    const pair = [client, upstream] as const
    pairs.add(pair)
    let doomed = false
    const end = () => {
      pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) socket.setNoDelay(true).on('error', end).on('close', end)
    client.on('data', (chunk) => {
      if (mood === 'stalls') return
      messages++
      doomed ||= mood === 'loses answers' && messages >= last
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (mood === 'stalls') return
      if (doomed) end()
      else client.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const through = new URL(address)
  through.hostname = '127.0.0.1'
  through.port = String((server.address() as AddressInfo).port)

  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
  }
  return {
    address: through.href,
    get messages() {
      return messages
    },
    cut,
    stall() {
      mood = 'stalls'
    },
    loseAnswerTo(at) {
      messages = 0
      last = at
      mood = 'loses answers'
    },
    heal() {
      mood = 'passes'
      messages = 0
    },
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
