import type { LoggedEvent } from '../../core/log/event-chain.ts'

/** Follows a stream of verified events, and says where what is stored is not what they made of it. */
export interface Replay {
  take(logged: LoggedEvent): Promise<string | undefined>
  end(): Promise<string | undefined>
}
