/** Who acts when nobody does: time, workers, the first steps of a tenant. */
export const ownUser = 'countersign'

/** Where what nobody did shows in the log: the application itself begins with something. */
export const bootDoor = 'bootstrap'

/** Where what the host says of its own shows in the log: of its documents and of its people. */
export const hostDoor = 'host'

/** The doors that nobody comes through. */
const ownDoors: readonly string[] = ['tick', bootDoor, 'worker', hostDoor]

/** Tells whether an id is the one that stands in the log for Countersign itself. */
export function isReservedUser(id: unknown): boolean {
  return id === ownUser
}

/** Tells whether a door is one that Countersign itself comes through. */
export function isReservedDoor(via: unknown): boolean {
  return ownDoors.some((door) => door === via)
}
