import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLevel } from '../../src/store/index.js'
import { createFileDisk } from '../../src/wal/index.js'
import { storeContract } from '../contract/store.js'
import { createMemoryIndex } from '../fakes/memory-level.js'

storeContract('LevelDB', async () => {
  const root = await mkdtemp(join(tmpdir(), 'steme-store-'))
  const directory = join(root, 'index')
  return {
    disk: createFileDisk(),
    markerPath: join(root, 'wal.marker'),
    source: () => openLevel({ directory, cacheBytes: 8_388_608 }),
    lose: () => rm(directory, { recursive: true }),
    remove: () => rm(root, { recursive: true })
  }
})

storeContract('memory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'steme-store-'))
  const index = createMemoryIndex()
  return {
    disk: createFileDisk(),
    markerPath: join(root, 'wal.marker'),
    source: () => index,
    lose: () => index.destroy(),
    remove: () => rm(root, { recursive: true })
  }
})
