export {
  type Level,
  type LevelPermission,
  levelAccess,
  levelMatrix,
  levelPermissions,
  levelRoles,
  levels,
} from './levels.ts'
