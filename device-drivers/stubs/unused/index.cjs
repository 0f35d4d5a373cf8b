// Whoever gets here loads a part of escpos or npos that this product does not use; see ../README.md.
throw new Error('this dependency is replaced by a stub: the part of the library that needs it is not used here');
