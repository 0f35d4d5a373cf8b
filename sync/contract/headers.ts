/** Names of the contract's own headers, lower case as Node gives them. */
export const headers = {
  /** Request: which hub speaks. */
  hub: 'hallhub-hub',
  /** Request: its fencing epoch, a positive integer. */
  epoch: 'hallhub-epoch',
  /** Request: 16 to 64 characters of base64url, new for every request; stands in the signed answer. */
  nonce: 'hallhub-nonce',
  /** Answer: `keyId=base64(Ed25519 over the exact body bytes)`, several separated by commas while keys rotate. */
  signature: 'hallhub-signature',
} as const;

export const mediaTypes = {
  json: 'application/json',
  problem: 'application/problem+json',
  eventBatch: 'application/cloudevents-batch+json',
} as const;
