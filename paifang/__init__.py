"""Paifang: ticketing and admission that goes on inside the venue when the internet is gone."""
