# A simulated hub in a container with nothing else in it:
#
#   docker build -t hubsim .
#   docker run --rm -p 127.0.0.1:8000:8000 -e HUBSIM_ADMIN_TOKEN=... hubsim
#
# The program listens on loopback unless it is told otherwise; CMD tells it, since a container's loopback is its own. From outside, the control endpoints then
# want the admin token.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -tags nethttpomithttp2,grpcnotrace -ldflags="-s -w" -o /hubsim ./hubsim/cmd/hubsim && mkdir -m 1777 /empty

FROM scratch
COPY --from=build /hubsim /hubsim
# For the certificate of --tls self-signed.
COPY --from=build /empty /tmp
USER 65534:65534
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=6s --start-interval=200ms --start-period=5s CMD ["/hubsim", "health"]
ENTRYPOINT ["/hubsim"]
CMD ["--host", "0.0.0.0"]
