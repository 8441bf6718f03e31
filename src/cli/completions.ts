// What may come next on a command line, read from the commands themselves, so that nothing can be forgotten.

import type { Command, Option } from 'commander'

/** A word that fits, and what it is. */
export interface Completion {
  readonly word: string
  readonly about: string
}

/**
 * Words that may stand in the place of the last one.
 * @param words the words after the program's name; the last is the one being typed, perhaps empty
 * @returns none where a file or a text of one's own is expected
 */
export function completionsOf(program: Command, words: readonly string[]): readonly Completion[] {
  const typed = words.at(-1) ?? ''
  const place = placeOf(program, words.slice(0, -1))
  return candidates(program, place, typed).filter(({ word }) => word.startsWith(typed))
}

/** Where the line has come to. */
interface Place {
  readonly command: Command
  /** The option whose value is being typed. */
  readonly option: Option | undefined
  /** Arguments of the command that are there already. */
  readonly given: number
}

function placeOf(program: Command, before: readonly string[]): Place {
  let command = program
  let option: Option | undefined
  let given = 0
  for (const word of before) {
    if (option !== undefined) {
      option = undefined
      continue
    }
    if (word.startsWith('-')) {
      const found = optionsOf(program, command).find((one) => one.long === word || one.short === word)
      option = found?.required === true ? found : undefined
      continue
    }
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word))
    if (next === undefined) given += 1
    else command = next
  }
  return { command, option, given }
}

function candidates(
  program: Command, { command, option, given }: Place, typed: string
): readonly Completion[] {
  if (option !== undefined) return named(option.argChoices ?? [])
  if (typed.startsWith('-')) {
    return optionsOf(program, command).flatMap(({ long, description, hidden }) =>
      typeof long !== 'string' || hidden ? [] : [{ word: long, about: description }])
  }
  if (command === program) {
    if (given > 0) return []
    const visible = program.createHelp().visibleCommands(program)
    return visible.map((one) => ({ word: one.name(), about: aboutOf(one) }))
  }
  return named(command.registeredArguments[given]?.argChoices ?? [])
}

/** Options of the command, and those that stand before it and after it. */
function optionsOf(program: Command, command: Command): readonly Option[] {
  const own = command.createHelp().visibleOptions(command)
  return command === program ? own : [...own, ...program.options]
}

function aboutOf(command: Command): string {
  return command.summary() || command.description()
}

function named(words: readonly string[]): readonly Completion[] {
  return words.map((word) => ({ word, about: '' }))
}
