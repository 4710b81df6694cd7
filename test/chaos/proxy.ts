import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What a proxy does with what comes through it. */
type Mood = 'passes' | 'stalls' | 'loses answers'

/** Which way is dead first when a connection stalls. */
export type Way = 'to the server' | 'back'

/** A proxy in front of a server, over which connections can be cut and stalled. */
export interface TcpProxy {
  /** The address with the proxy in the place of the server. */
  readonly address: string
  /** How many messages of clients have come through. */
  readonly messages: number
  /** Whether nothing comes through any more. */
  readonly stalled: boolean
  /** Cuts all connections that are open. */
  cut(): void
  /**
   * Lets nothing through any more, on any connection and without a word to either side, from message number `at` of a client on: the server gets that one, where it
   * is the way back that is dead first.
   */
  stallAt(at: number, way: Way): void
  /** Keeps each message of a client for so many milliseconds. */
  delay(milliseconds: number): void
  /** Lets message number `at` of a client through, swallows the answer to it, and cuts the connection. */
  loseAnswerTo(at: number): void
  /** Has the last word on one connection: in the same piece in which the server has ended so, and closes it. */
  haveLastWord(ending: Buffer, words: Buffer): void
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
  let stalls: Way | undefined
  let late = 0
  let lastWord: { readonly ending: Buffer; readonly words: Buffer } | undefined

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
      if (stalls && messages >= last) {
        mood = 'stalls'
        if (stalls === 'to the server') return
      }
      doomed ||= mood === 'loses answers' && messages >= last
      if (late > 0) setTimeout(() => upstream.write(chunk), late)
      else upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (mood === 'stalls') return
      if (doomed) end()
      else if (lastWord && chunk.subarray(-lastWord.ending.length).equals(lastWord.ending)) {
        client.end(Buffer.concat([chunk, lastWord.words]))
        lastWord = undefined
      } else client.write(chunk)
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
    get stalled() {
      return mood === 'stalls'
    },
    cut,
    stallAt(at, way) {
      messages = 0
      last = at
      stalls = way
    },
    delay(milliseconds) {
      late = milliseconds
    },
    loseAnswerTo(at) {
      messages = 0
      last = at
      mood = 'loses answers'
    },
    haveLastWord(ending, words) {
      lastWord = { ending, words }
    },
    heal() {
      mood = 'passes'
      messages = 0
      late = 0
      stalls = undefined
      lastWord = undefined
    },
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
