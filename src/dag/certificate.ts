// Node certificate: a governor's word that a node key may feed a closed federation.
// Form: governor key (32) and its STRICT Ed25519 signature (64), label `member`, over the node key; the
// network id is part of what is signed. It stands in the header of a feed's first block.

import { idBytes, publicKeyOf, type NetworkId, type PublicKey } from '../base/index.js'
import { signingInput, verifySignature, type Signer } from '../record/index.js'
import { type ByteReader, type ByteWriter } from './wire.js'

/** Who vouches for a node key, and the signature that says so. */
export interface Certificate {
  readonly governor: PublicKey
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/** Bytes of a certificate itself: governor key and signature. */
export const certificateBytesLength = 96

/** Signs a certificate for a node key with a governor's key. */
export function issueCertificate(nodeKey: PublicKey, governor: Signer, networkId: NetworkId): Certificate {
  const signature = governor.sign(signingInput('member', networkId, idBytes(nodeKey)))
  return { governor: governor.publicKey, signature }
}

/** True when the certificate is one of these governors' for this node key in this network. */
export function verifyCertificate(
  certificate: Certificate, nodeKey: PublicKey, networkId: NetworkId, governors: ReadonlySet<PublicKey>
): boolean {
  if (!governors.has(certificate.governor)) return false
  const message = signingInput('member', networkId, idBytes(nodeKey))
  return verifySignature(certificate.signature, message, idBytes(certificate.governor))
}

/** A certificate in 96 bytes. */
export function encodeCertificate(certificate: Certificate): Uint8Array {
  return Buffer.concat([idBytes(certificate.governor), certificate.signature])
}

/** The certificate in these bytes; undefined unless there are exactly 96. */
export function decodeCertificate(bytes: Uint8Array): Certificate | undefined {
  if (bytes.length !== certificateBytesLength) return undefined
  return { governor: publicKeyOf(bytes.subarray(0, 32)), signature: bytes.subarray(32) }
}

/** Writes the certificate field of a header: a count byte of 0 or 1, then the certificate. */
export function writeCertificate(writer: ByteWriter, certificate: Certificate | undefined): void {
  writer.u8(certificate === undefined ? 0 : 1)
  if (certificate !== undefined) writer.raw(encodeCertificate(certificate))
}

/** What the certificate field of a header holds. */
export type CertificateField =
  | { readonly kind: 'none' }
  | { readonly kind: 'some', readonly certificate: Certificate }
  | { readonly kind: 'malformed' }

/** Reads the certificate field of a header. */
export function readCertificate(reader: ByteReader): CertificateField {
  const count = reader.u8()
  if (count === 0) return { kind: 'none' }
  if (count > 1 || reader.left < certificateBytesLength) return { kind: 'malformed' }
  const certificate = decodeCertificate(reader.raw(certificateBytesLength))
  return certificate === undefined ? { kind: 'malformed' } : { kind: 'some', certificate }
}
