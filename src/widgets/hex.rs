//! Blobs in hexadecimal.
