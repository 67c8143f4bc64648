"""Running figures of a journal, kept while its entries pass by once."""
