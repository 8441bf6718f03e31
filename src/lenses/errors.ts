// Expected failures of lenses. Codes are API.

import { CodedError } from '../base/index.js'

/** Every expected failure of this folder. */
export type LensErrorDetail =
  /** No lens has that name. `known` lists those there are. */
  | { readonly code: 'LENS_UNKNOWN'; readonly lens: string; readonly known: readonly string[] }
  /** The lens finds nothing to choose from. */
  | { readonly code: 'LENS_NO_CANDIDATES'; readonly lens: string }
  /** A lens cannot be registered: its name is malformed or taken. */
  | { readonly code: 'LENS_NAME'; readonly lens: string }

/** An expected failure of a lens. */
export class LensError extends CodedError<LensErrorDetail> {}
