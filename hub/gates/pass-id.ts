/** A pass names its request and its place in it. */
export const ownerOf = (passId: string): { readonly requestId: string; readonly person: number } => {
  const at = passId.lastIndexOf('#');
  return { requestId: passId.slice(0, at), person: Number(passId.slice(at + 1)) };
};
