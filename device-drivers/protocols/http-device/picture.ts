/** Whether bytes begin as a JPEG does (SOI and the first marker): what goes on to a browser as a picture is one. */
export const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
