export {
  actors,
  type ChangeOptions,
  changes,
  flagChanges,
  flagDocuments,
  flagGroups,
  flagShape,
  type GeneratedActor,
} from './arbitraries/changes.ts'
export {
  approvers,
  conditions,
  flagWords,
  fullRules as completeRules,
  type PolicyWords,
  policiesInForce,
  policyInputs,
  requirements,
} from './arbitraries/policies.ts'
export {
  type Approver,
  type PolicyProperties,
  type PolicyPropertiesOptions,
  policyProperties,
} from './arbitraries/policy-properties.ts'
export { type ConformanceCheck, type FreshStorage, storageConformance } from './storage-conformance.ts'
