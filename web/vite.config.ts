import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compression } from "vite-plugin-compression2";

// What is built is compressed once, here, and not at each request; the program embeds it.
export default defineConfig({
    plugins: [
        react(),
        compression({ algorithms: ["brotliCompress", "gzip"], threshold: 1024, exclude: [/index\.html$/] }),
    ],
    // The server puts a number of its own there for each answer: style elements need it, and nothing else may add any.
    html: { cspNonce: "STENTOR_NONCE" },
    build: {
        target: "es2022",
        chunkSizeWarningLimit: 900,
        // A picture inside a script would need a wider policy.
        assetsInlineLimit: 0,
    },
});
