// For --import: plants the mutant that STEMEDB_SIM_MUTANT names before anything else is loaded.

import { register } from 'node:module'

register(new URL('./hook.js', import.meta.url), { data: process.env['STEMEDB_SIM_MUTANT'] ?? '' })
