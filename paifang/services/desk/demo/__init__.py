"""The demonstration: a tea fair that is always on and a scenic area, in both languages."""

from paifang.services.desk.demo.build import build_demo

__all__ = ["build_demo"]
