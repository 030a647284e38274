// Block sizes shared by the matrix products and the convolutions.
export const KC = 256; // steps of k summed before C is touched: changing it changes bits
export const MC = 256; // rows of the left operand packed at once
export const NC = 2048; // columns of the right operand packed at once
