// stemedb completion: a script for the shell, which asks this program for the words that may come next.

import { Argument, type Command } from 'commander'
import { completionsOf } from '../completions.js'
import type { AddCommand } from '../shell.js'

const ASK = '__complete'

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# stemedb completion bash > /etc/bash_completion.d/stemedb
_stemedb() {
  local IFS=$'\\n'
  COMPREPLY=($(stemedb ${ASK} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _stemedb stemedb`,
  zsh: `#compdef stemedb
# stemedb completion zsh > "\${fpath[1]}/_stemedb"
_stemedb() {
  local -a found
  found=("\${(@f)$(stemedb ${ASK} -- "\${(@)words[2,CURRENT]}" 2>/dev/null | sed 's/:/\\\\:/g; s/\\t/:/')}")
  if [[ -n "\${found[*]}" ]]; then _describe stemedb found; else _files; fi
}
compdef _stemedb stemedb`,
  fish: `# stemedb completion fish > ~/.config/fish/completions/stemedb.fish
complete -c stemedb -a '(stemedb ${ASK} -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`
}

/** Adds `stemedb completion` and the command that its scripts call. */
export const addCompletion: AddCommand = (program, shell) => {
  program.command('completion')
    .summary('print a completion script for a shell')
    .description('print a script that completes commands and options; its first lines say where to put it')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
    .action((name: string) => {
      const script = SCRIPTS[name] ?? ''
      shell.output.data({ shell: name, script }, () => script)
    })
  program.command(ASK, { hidden: true })
    .argument('[words...]')
    .action((words: readonly string[]) => answer(program, words, (line) => void shell.stdout.write(`${line}\n`)))
}

function answer(program: Command, words: readonly string[], write: (line: string) => void): void {
  for (const { word, about } of completionsOf(program, words)) write(about === '' ? word : `${word}\t${about}`)
}
