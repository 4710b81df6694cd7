import { describe } from 'vitest'
import { deep } from '../runs.ts'
import { explored } from './report.ts'
import {
  askedMeanwhile,
  delegated,
  drafts,
  editors,
  frozen,
  ground,
  held,
  lapsing,
  outside,
  owners,
  steps,
  switched,
  talked,
  temporary,
  time,
  unasked,
  warned,
  watch,
} from './worlds.ts'

describe('every state of a request: when, on what, for whom', () => {
  explored(deep ? time(5, 'many') : time(3, 'few'), deep ? 1_000_000 : 80_000)
  explored(ground(deep ? 7 : 4), deep ? 60_000 : 25_000)
  explored(drafts(deep ? 6 : 4), deep ? 4_000 : 3_000)
  explored(delegated(), 1_000)
  explored(owners(deep ? 6 : 3), deep ? 20_000 : 4_500)
  explored(steps(deep ? 4 : 2), 600)
  explored(editors(deep ? 3 : 2), 5_000)
  explored(switched(deep ? 3 : 2), deep ? 15_000 : 7_000)
  explored(held(deep ? 3 : 2), deep ? 20_000 : 2_000)
  explored(outside(2, deep ? 4 : 2), deep ? 10_000 : 2_000)
  explored(unasked(deep ? 4 : 3), 1_000)
  explored(frozen(deep ? 4 : 2), 1_000)
  explored(askedMeanwhile(deep ? 3 : 2), 1_000)
  explored(talked(deep ? 3 : 2), 2_000)
  explored(lapsing(deep ? 2 : 1), 1_500)
  explored(warned(deep ? 2 : 1), 1_000)
  explored(temporary(deep ? 3 : 2), 1_000)
  explored(watch(deep ? 3 : 2), deep ? 10_000 : 4_000)
})
