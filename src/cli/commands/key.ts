// stemedb key: a key file for one more agent.

import { generateKey } from '../../record/index.js'
import { readKeyFile, writeKeyFile } from '../../node/index.js'
import { facts } from '../output.js'
import type { AddCommand, Shell } from '../shell.js'

/** Adds `stemedb key`. */
export const addKey: AddCommand = (program, shell) => {
  program.command('key')
    .summary('write a new agent key to a file')
    .description('write a new agent key to a file (PEM PKCS#8, mode 0600), or show the public key of one')
    .argument('<file>', 'the key file; an existing one is never overwritten')
    .option('--show', 'show the public key of an existing file')
    .action((file: string, options: { readonly show?: true }) => key(shell, file, options.show === true))
}

async function key(shell: Shell, file: string, show: boolean): Promise<void> {
  const signer = show ? (await readKeyFile(file)).signer : await writeKeyFile(file, generateKey(shell.random))
  const value = { file, agent_id: signer.publicKey }
  shell.output.data(value, () => facts(Object.entries(value)))
}
