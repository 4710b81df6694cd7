import { styleText } from 'node:util'

const stream = process.stdout
const style = (format: 'bold' | 'cyan' | 'dim' | 'green' | 'red', text: string) => styleText(format, text, { stream })
const print = (text: string) => void stream.write(`${text}\n`)

/** Prints what the demo is. */
export function title(text: string): void {
  print(`\n  ${style('bold', text)}`)
}

/** Prints the head of a scene. */
export function scene(text: string): void {
  print(`\n  ${style('bold', style('cyan', text))}`)
}

/** Prints what happens. */
export function say(text: string): void {
  print(`     ${style('dim', text)}`)
}

/** Prints what somebody does. */
export function does(who: string, what: string): void {
  print(`   ${style('bold', who.padStart(6))}  ${what}`)
}

/** Prints what must hold, and ends the demo with exit code 1 where it does not. */
export function claim(text: string, holds: boolean): void {
  print(holds ? `     ${style('green', '✔')} ${text}` : `     ${style('red', `✘ ${text}`)}`)
  if (!holds) process.exit(1)
}

/** Draws how many of 1,000 people have the feature. */
export function bar(people: number): string {
  const full = Math.round(people / 40)
  return `${style('cyan', '█'.repeat(full))}${style('dim', '░'.repeat(25 - full))} ${String(people).padStart(4)} of 1,000`
}
