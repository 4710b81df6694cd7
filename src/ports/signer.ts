/**
 * Signs checkpoints of the log with a key of the host's, so that nobody who can only write to the database makes one.
 */
export interface Signer {
  /**
   * Names the key. It stands in the signature, so that whoever verifies knows which public key to take; a new key has
   * a new name.
   */
  readonly keyId: string
  /**
   * Signs bytes: with node:crypto and an Ed25519 key, `(bytes) => sign(null, bytes, privateKey)`.
   *
   * @throws Anything: no checkpoint is made this time, and the report of the tick says so.
   */
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/**
 * Tells whether a signature over bytes was made with one key: `(bytes, signature) => verify(null, bytes, publicKey,
 * signature)`.
 */
export type SignatureCheck = (bytes: Uint8Array, signature: Uint8Array) => boolean | Promise<boolean>
