# One image for web, worker, beat and the commands; docker-compose.yml says which runs where.
FROM python:3.11-slim AS wheels
COPY requirements.txt requirements-extras.txt /
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r /requirements.txt \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r /requirements-extras.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 OSINT_DATA_DIR=/data
# What reads text in pictures.
RUN apt-get update && apt-get install --yes --no-install-recommends libtesseract5 tesseract-ocr-eng tesseract-ocr-rus \
    tesseract-ocr-kor tesseract-ocr-chi-sim && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin waterline \
    && install --directory --owner=waterline --mode=0700 /data
COPY --from=wheels /venv /venv
COPY . /app
WORKDIR /app
USER waterline
VOLUME /data
EXPOSE 8000
CMD ["python", "manage.py", "up", "--host", "0.0.0.0", "--port", "8000", "--no-sample"]
