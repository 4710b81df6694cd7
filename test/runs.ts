/** How often a property is tried: as said, and a hundred times as often in a deep run (`npm run test:deep`). */
export function runs(usual: number): number {
  return process.env['COUNTERSIGN_DEEP'] === '1' ? usual * 100 : usual
}
