import { chooseStorages } from './storages.ts'

chooseStorages()
