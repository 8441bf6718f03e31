// First import of every test: libp2p needs Promise.withResolvers, which Node 20 lacks.
import '../src/base/index.js'
