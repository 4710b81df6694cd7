import { defined } from '../../core/defined.ts'
import { workflowType } from '../../core/policy/model/policy-type.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { WaitingMode } from '../records/workflow-records.ts'
import { declareResource } from './define-resource.ts'
import type { ResourceType } from './resource-type.ts'

/** The switch of the workflow, of a project or of the whole tenant. */
export interface WorkflowDocument {
  /** Whether policies are asked. */
  readonly on: boolean
  /**
   * What becomes of requests that wait when it is switched off. Not kept while it is on.
   *
   * @defaultValue 'return'
   */
  readonly waiting?: WaitingMode | undefined
}

/** Names the switch of the whole tenant. A project whose name begins with it gets one more. */
const everywhere = '*'

const schema: ResourceType<WorkflowDocument>['schema'] = {
  '~standard': {
    version: 1,
    vendor: 'countersign',
    validate(input) {
      const problem = problemOf(input)
      if (problem) return { issues: [problem] }
      const { on, waiting = 'return' } = input as WorkflowDocument
      return { value: on ? { on } : { on, waiting } }
    },
  },
}

function problemOf(input: unknown) {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return { message: 'must be { on, waiting }' }
  const { on, waiting, ...others } = input as Record<string, unknown>
  const [other] = Object.keys(others)
  if (other !== undefined) return { message: 'is no property of the switch: it has on and waiting', path: [other] }
  if (typeof on !== 'boolean') return { message: 'must be true or false', path: ['on'] }
  if (waiting === undefined || waiting === 'return' || waiting === 'hold') return undefined
  return { message: 'must be "return" or "hold"', path: ['waiting'] }
}

const declared = declareResource({
  type: workflowType,
  schema,
  actions: {
    turn_on: ({ before, after }) => after?.on === true && before?.on !== true,
    turn_off: ({ after }) => after?.on === false,
  },
})

/**
 * The switches of the workflow, as resources: `workflowResource.ref('web')` names the one of project `web`,
 * `workflowResource.ref('')` that of the whole tenant. Its document is `{ on: true }`, `{ on: false, waiting:
 * 'return' }` or `{ on: false, waiting: 'hold' }`.
 *
 * Every verb takes it but the removal. A change is applied at once, unless a policy in force names
 * `countersign.workflow`, the type of these resources, in `match.resource`, or gates the removal of a policy that
 * switching off would silence. It takes whoever may change the settings there and, to switch off, every policy that
 * this silences.
 */
export const workflowResource: ResourceType<WorkflowDocument> = {
  ...declared,
  ref: (project) => declared.ref(project.startsWith(everywhere) || project === '' ? everywhere + project : project),
}

/** The project whose switch has this id; empty for that of the whole tenant. */
export function projectOfSwitch(id: string): string {
  return id.startsWith(everywhere) ? id.slice(everywhere.length) : id
}

/** Tells whether a change is one of a switch. */
export function isSwitchChange({ resource }: Pick<ProposedChange, 'resource'>): boolean {
  return resource.type === workflowType
}

/** Lists the turns of switches among changes. A removal is none. */
export function turnsIn(changes: readonly ProposedChange[]): readonly Turn[] {
  return changes.filter(isSwitchChange).flatMap(({ resource: { id }, after }) => {
    const { on, waiting } = (after ?? {}) as Partial<WorkflowDocument>
    if (on === undefined) return []
    return [{ project: projectOfSwitch(id), on, ...defined({ waiting }) }]
  })
}

/** A turn of the switch. */
export interface Turn {
  readonly project: string
  readonly on: boolean
  /** Absent if the workflow is switched on. */
  readonly waiting?: WaitingMode
}
