# The image of control plane, webhook and relay; which of them runs is the command, as the chart sets it:
#   node control-plane/src/main.ts | node webhook/src/main.ts | node control-plane/src/relay/main.ts
# It also holds nft, for the init container of pods whose intercepted port has no name.

FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
COPY xds/package.json xds/
COPY control-plane/package.json control-plane/
COPY webhook/package.json webhook/
COPY kubectl-tp/package.json kubectl-tp/
RUN npm ci --omit=dev --ignore-scripts --workspace=xds --workspace=control-plane --workspace=webhook

FROM node:24.21.0-bookworm-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends nftables \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production
COPY --from=dependencies /app/node_modules node_modules
# Sources run as they are: Node strips the types. The links in node_modules/@kubectl-tp lead here.
COPY package.json ./
COPY xds/package.json xds/
COPY xds/src xds/src
COPY control-plane/package.json control-plane/
COPY control-plane/src control-plane/src
COPY webhook/package.json webhook/
COPY webhook/src webhook/src
USER 65532:65532
CMD ["node", "control-plane/src/main.ts"]
