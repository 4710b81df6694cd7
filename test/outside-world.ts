import { createServer, type ServerResponse } from 'node:http'
import { afterAll } from 'vitest'
import { z } from 'zod'
import { defineResource } from '../src/index.ts'

/** A write that the other system was asked for. */
export interface Asked {
  /** Its tenant and id, as the path of the address. */
  readonly place: string
  readonly key: string
  readonly fence: number
  readonly document: Price | null
}

/** What the other system does with the next write: nothing special, or something that goes wrong. */
export type Mood =
  /** It answers 503 and has done nothing. */
  | 'refuses'
  /** It answers 422, has done nothing, and never will: its client says so. */
  | 'declines'
  /** It lands and answers 500. */
  | 'forgets'
  /** It lands and never answers. */
  | 'hangs'
  /** It never answers and has done nothing. */
  | 'sleeps'
  /** It lands and cuts the connection. */
  | 'cuts'
  /** It lands, never answers, and cannot be read any more. */
  | 'blinds'

export interface Price {
  readonly cents: number
}

/** A price list behind an HTTP API: a real server, with idempotency keys, comparison and fences. It writes down everything that it was asked. */
export async function priceServer() {
  const prices = new Map<string, Price>()
  const done = new Set<string>()
  const fences = new Map<string, number>()
  const asked: Asked[] = []
  /** Each document that really changed, with the key that it was changed under. */
  const landed: Asked[] = []
  const moods: Mood[] = []
  const held: ServerResponse[] = []
  const state = { reads: 0, blind: false }
  const ready = { arrives: () => {} }
  const server = createServer((request, response) => {
    const id = decodeURIComponent(request.url ?? '')
    if (request.method === 'GET') {
      state.reads++
      if (state.blind) return void response.writeHead(503).end()
      return void response.end(JSON.stringify(prices.get(id) ?? null))
    }
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const { document, expected, key, fence } = JSON.parse(body)
      asked.push({ place: id, key, fence, document })
      ready.arrives()
      const mood = moods.shift()
      if (mood === 'refuses') return void response.writeHead(503).end('closed for lunch')
      if (mood === 'declines') return void response.writeHead(422).end('not like this')
      if (mood === 'sleeps') return void held.push(response)
      if (fence < (fences.get(id) ?? 0)) return void response.writeHead(409).end('an old fence')
      fences.set(id, fence)
      if (!done.has(key)) {
        if (JSON.stringify(prices.get(id) ?? null) !== JSON.stringify(expected)) {
          return void response.writeHead(409).end('another document')
        }
        done.add(key)
        landed.push({ place: id, key, fence, document })
        if (document === null) prices.delete(id)
        else prices.set(id, document)
      }
      if (mood === 'forgets') return void response.writeHead(500).end('who knows')
      if (mood === 'blinds') state.blind = true
      if (mood === 'hangs' || mood === 'blinds') return void held.push(response)
      if (mood === 'cuts') return void response.socket?.destroy()
      response.end('done')
    })
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as { readonly port: number }
  const close = () => {
    for (const response of held) response.destroy()
    server.closeAllConnections()
    server.close()
  }
  afterAll(close)
  return {
    port,
    asked,
    landed,
    prices,
    state,
    /** What the next writes meet, one after the other. */
    meet: (...next: readonly Mood[]) => void moods.push(...next),
    keys: () => new Set(asked.map(({ key }) => key)),
    /** How many wait for an answer that does not come. */
    waiting: () => held.filter(({ destroyed }) => !destroyed).length,
    /** Cuts off whoever waits for an answer. */
    wake: () => {
      for (const response of held.splice(0)) response.destroy()
    },
    /** Waits until the next write is asked for. */
    nextWrite: () =>
      new Promise<void>((arrives) => {
        ready.arrives = arrives
      }),
  }
}

export type PriceServer = Awaited<ReturnType<typeof priceServer>>

/** The resource type of prices that are kept by that server. */
export function pricesAt(port: number, patience = 10_000) {
  const at = (tenant: string, id: string) => `http://127.0.0.1:${port}/${encodeURIComponent(`${tenant}/${id}`)}`
  return defineResource({
    type: 'price',
    schema: z.strictObject({ cents: z.number() }),
    external: {
      patience,
      async read({ tenant, id }, { signal }) {
        const response = await fetch(at(tenant, id), { signal })
        if (!response.ok) throw new TypeError(`it says ${response.status}`)
        return ((await response.json()) as Price | null) ?? undefined
      },
      async write({ tenant, id }, document, { expected = null, idempotencyKey: key, fence, signal }) {
        const body = JSON.stringify({ document: document ?? null, expected, key, fence })
        const response = await fetch(at(tenant, id), { method: 'PUT', body, signal })
        if (response.ok) return
        const error = new TypeError(`it says ${response.status}: ${await response.text()}`)
        throw Object.assign(error, response.status === 422 ? { refused: true } : {})
      },
    },
  })
}
