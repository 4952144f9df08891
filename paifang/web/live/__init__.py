"""Hot endpoints and the stream, bare ASGI; may import services.live and core, never Django."""
