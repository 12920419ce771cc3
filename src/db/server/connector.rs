//! The way to a server: name, TCP, proxy, TLS, all within one timeout; counts connections and bytes.
