/** The action of what goes to another project, whatever its type. */
export const projectAction = 'change_project'

/** What can be done to every resource of the application, whatever its type. */
export const builtInActions: readonly string[] = ['create', 'update', 'delete', projectAction]
