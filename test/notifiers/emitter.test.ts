import { describe, expect, it } from 'vitest'
import { emitter } from '../../src/notifiers/emitter.ts'
import type { Notice, NoticeType } from '../../src/ports/notifier.ts'

const submitted: Notice = {
  id: 'n1',
  tenant: 'acme',
  type: 'submitted',
  to: ['ben'],
  request: 'r1',
  resources: [{ type: 'feature_flag', id: 'checkout' }],
  at: 1,
  by: 'ann',
}
const rejected: Notice = { ...submitted, id: 'n2', type: 'rejected', to: ['ann'], by: 'ben', reason: 'too early' }

function listening(...types: (NoticeType | '*')[]) {
  const events = emitter()
  const heard: string[] = []
  const ends = types.map((type) => events.on(type, (notice) => void heard.push(`${type} ${notice.id}`)))
  return { events, heard, ends }
}

describe('the emitter', () => {
  it('hands a notice to those who listen for its type, and to those who listen for all', async () => {
    const { events, heard } = listening('submitted', '*', 'rejected')
    await events.deliver(submitted)
    await events.deliver(rejected)
    expect(heard).toEqual(['submitted n1', '* n1', 'rejected n2', '* n2'])
  })

  it('delivers a notice that nobody listens for', async () => {
    await expect(emitter().deliver(submitted)).resolves.toBeUndefined()
  })

  it('hands over the notice as it is, with the people and the reason', async () => {
    const events = emitter()
    const notices: Notice[] = []
    events.on('rejected', (notice) => void notices.push(notice))
    await events.deliver(rejected)
    expect(notices).toEqual([rejected])
  })

  it('stops at the end of a subscription, and only that one', async () => {
    const { events, heard, ends } = listening('submitted', 'submitted', '*', '*')
    ends[0]?.()
    ends[2]?.()
    await events.deliver(submitted)
    expect(heard).toEqual(['submitted n1', '* n1'])
  })

  it('lets a listener end its subscription while a notice is delivered, and the others hear it still', async () => {
    const events = emitter()
    const heard: string[] = []
    const end = events.on('submitted', () => {
      heard.push('first')
      end()
    })
    events.on('submitted', () => void heard.push('second'))
    await events.deliver(submitted)
    await events.deliver(submitted)
    expect(heard).toEqual(['first', 'second', 'second'])
  })

  it.each([
    [
      'throws',
      () => {
        throw new TypeError('broken')
      },
    ],
    [
      'rejects',
      async () => {
        throw new TypeError('broken')
      },
    ],
  ])('reaches every listener when one %s, and reports the notice as not delivered', async (_, broken) => {
    const events = emitter()
    const heard: string[] = []
    events.on('submitted', () => void heard.push('before'))
    events.on('submitted', broken)
    events.on('submitted', () => void heard.push('after'))
    events.on('*', () => void heard.push('all'))
    await expect(events.deliver(submitted)).rejects.toThrow(new TypeError('broken'))
    expect(heard).toEqual(['before', 'after', 'all'])
  })

  it('reports every failure when several listeners fail', async () => {
    const events = emitter()
    events.on('submitted', () => {
      throw new TypeError('one')
    })
    events.on('*', () => {
      throw new TypeError('two')
    })
    await expect(events.deliver(submitted)).rejects.toMatchObject({
      errors: [new TypeError('one'), new TypeError('two')],
    })
  })

  it('counts a notice as delivered when the slowest listener is done', async () => {
    const events = emitter()
    let done: () => void = () => {}
    const order: string[] = []
    events.on(
      'submitted',
      () =>
        new Promise<void>((resolve) => {
          done = resolve
        }),
    )
    const delivery = events.deliver(submitted).then(() => order.push('delivered'))
    await Promise.resolve()
    order.push('listener done')
    done()
    await delivery
    expect(order).toEqual(['listener done', 'delivered'])
  })

  it('has the name that it was given, so that two of them can be told apart in the outbox', () => {
    expect([emitter().name, emitter({ name: 'metrics' }).name]).toEqual(['emitter', 'metrics'])
  })
})
