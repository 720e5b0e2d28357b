// Sends the one form of the page at once. Without scripts its button does it.
document.querySelector("form").submit();
