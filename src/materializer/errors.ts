// Expected failures of the materializer. Codes are API.

import { CodedError } from '../base/index.js'

/** Every expected failure of this folder. */
export type MaterializerErrorDetail =
  /** It was stopped before the work was done; the marks are kept. */
  | { readonly code: 'MATERIALIZER_STOPPED' }
  /** Reading or writing the index failed (`cause`); views stay as they are until the next start. */
  | { readonly code: 'MATERIALIZER_FAILED' }
  /** A snapshot is being published already. */
  | { readonly code: 'MATERIALIZER_BUSY' }

/** An expected failure of the materializer. */
export class MaterializerError extends CodedError<MaterializerErrorDetail> {}
