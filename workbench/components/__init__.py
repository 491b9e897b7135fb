"""Parts of screens, in Streamlit, that pages put together."""
